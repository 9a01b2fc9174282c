/** FHIR's XML as a JSON tree. @see https://hl7.org/fhir/R4/xml.html */
import { SaxesParser, type SaxesTagNS } from 'saxes';
import type { Definitions } from '../definitions/definitions.ts';
import { FhirError, malformed } from '../model/error.ts';
import type { JsonTree } from '../model/lossless-json.ts';
import { NarrativeText, XHTML_NAMESPACE } from './narrative-text.ts';
import { XmlTree } from './xml-tree.ts';
import { FHIR_NAMESPACE } from './xml-writer.ts';

const MAX_DEPTH = 200;
const XSI = 'http://www.w3.org/2001/XMLSchema-instance';

/** Reads one resource. Throws what `xmlToJson` says. */
export function readXml(definitions: Definitions, xml: string): JsonTree {
  const parser = new SaxesParser({ xmlns: true, position: true });
  const tree = new XmlTree(definitions);
  let narrative: NarrativeText | undefined;
  let depth = 0;

  const fail = (says: string): never => {
    throw malformed(`XML: line ${parser.line}, column ${parser.column}: ${says}`, tree.place());
  };
  const open = (tag: SaxesTagNS): void => {
    depth += 1;
    if (depth > MAX_DEPTH) fail(`nested over ${MAX_DEPTH} elements deep`);
    if (narrative) {
      narrative.open(tag);
    } else if (tag.uri === XHTML_NAMESPACE && tree.expectsNarrative(tag.local)) {
      narrative = new NarrativeText(tag, xml.lastIndexOf(`<${tag.name}`, parser.position));
    } else if (tag.uri !== FHIR_NAMESPACE) {
      fail(`the element ${tag.name} is not in the namespace ${FHIR_NAMESPACE}`);
    } else {
      tree.open(tag.local, attributesOf(tag));
    }
  };
  const close = (tag: SaxesTagNS): void => {
    depth -= 1;
    if (!narrative) {
      tree.close();
    } else if (narrative.close(tag)) {
      tree.narrative(narrative.text(xml, parser.position));
      narrative = undefined;
    }
  };
  const text = (value: string): void => {
    if (narrative) narrative.characters(value);
    else if (value.trim() !== '') fail(`text where only elements may be: ${JSON.stringify(value.trim().slice(0, 40))}`);
  };

  parser.on('error', (error) => fail(error.message.replace(/^[\d:]+ /, '')));
  parser.on('xmldecl', ({ encoding = 'UTF-8' }) => {
    if (!/^utf-?8$/i.test(encoding)) fail(`the encoding ${encoding} is not taken; FHIR is UTF-8`);
  });
  parser.on('doctype', () => fail('a document type declaration is not allowed'));
  parser.on('opentag', open);
  parser.on('closetag', close);
  parser.on('text', text);
  parser.on('cdata', text);
  parser.on('comment', (comment) => narrative?.comment(comment));
  guarded(() => parser.write(xml).close(), fail);
  return tree.resource();
}

/** Gives errors of the tree, which knows no lines, their place in the text. */
function guarded(run: () => void, fail: (says: string) => never): void {
  try {
    run();
  } catch (error) {
    if (error instanceof FhirError && !error.message.startsWith('XML: ')) fail(error.message);
    throw error;
  }
}

function attributesOf(tag: SaxesTagNS): ReadonlyMap<string, string> {
  const own = Object.values(tag.attributes).filter(({ name, uri }) => uri !== XSI && name !== 'xmlns' && !name.startsWith('xmlns:'));
  return new Map(own.map(({ name, value }) => [name, value]));
}
