/**
 * The XHTML subset of narratives (`txt-1`, `txt-2`), parsed strictly. More is refused than R4 asks where a browser could be
 * made to run or load something: event handlers, styles that fetch, links other than to the web, mail, telephone or a name.
 * @see https://hl7.org/fhir/R4/narrative.html
 */
import { SaxesParser, type SaxesTagNS } from 'saxes';
import { type Problem, shown } from './problem.ts';

const XHTML = 'http://www.w3.org/1999/xhtml';

const ELEMENTS: ReadonlySet<string> = new Set(
  `a abbr acronym b big blockquote br caption cite code col colgroup dd dfn div dl dt em h1 h2 h3 h4 h5 h6 hr i img li ol p pre q samp
   small span strong sub sup table tbody td tfoot th thead tr tt ul var`.split(/\s+/),
);
const ATTRIBUTES: ReadonlySet<string> = new Set(
  `abbr accesskey align alt axis bgcolor border cellhalign cellpadding cellspacing cellvalign char charoff charset cite class colspan
   compact coords dir frame headers height href hreflang hspace id lang longdesc name nowrap rel rev rowspan rules scope shape span
   src start style summary tabindex title type valign value vspace width xml:lang`.split(/\s+/),
);
const LINK_ATTRIBUTES: ReadonlySet<string> = new Set(['href', 'src', 'cite', 'longdesc']);
const SCHEMES: ReadonlySet<string> = new Set(['http', 'https', 'mailto', 'tel', 'urn', 'ftp']);
const IMAGE_DATA = /^data:image\/(?:png|jpeg|gif|webp|bmp)[;,]/i;
/** Backslashes and comments would hide the words. */
const UNSAFE_STYLE = /expression\s*\(|@import|image-set\s*\(|behaviou?r\s*:|binding\s*:|script:|\\|\/\*/i;
const STYLE_URL = /url\s*\(\s*["']?([^"')]*)/gi;
// biome-ignore lint/suspicious/noControlCharactersInRegex: browsers skip those inside a scheme
const SKIPPED = /[\u0000-\u0020]+/g;

/** Everything that is wrong with a `div`; a text that is not XML is one problem. */
export function narrativeProblems(div: string): readonly Problem[] {
  const reader = new NarrativeReader();
  try {
    return reader.read(div);
  } catch (error) {
    if (!(error instanceof MalformedNarrative)) throw error;
    return [...reader.problems, { code: 'structure', says: `the narrative is not well-formed XHTML: ${error.message}` }];
  }
}

class MalformedNarrative extends Error {}

class NarrativeReader {
  readonly problems: Problem[] = [];
  private depth = 0;
  private hasContent = false;

  read(div: string): readonly Problem[] {
    const parser = new SaxesParser({ xmlns: true, position: true });
    parser.on('error', (error) => {
      throw new MalformedNarrative(error.message);
    });
    parser.on('doctype', () => this.refuse('a document type declaration'));
    parser.on('xmldecl', () => this.refuse('an XML declaration'));
    parser.on('processinginstruction', () => this.refuse('a processing instruction'));
    parser.on('opentag', (tag) => this.open(tag));
    parser.on('closetag', () => this.close());
    const text = (value: string) => {
      if (value.trim() !== '') this.hasContent = true;
    };
    parser.on('text', text);
    parser.on('cdata', text);
    parser.write(div).close();
    if (!this.hasContent) this.problems.push({ code: 'invariant', says: 'txt-2: the narrative has neither text nor an image' });
    return this.problems;
  }

  private refuse(what: string): void {
    this.problems.push({ code: 'security', says: `the narrative must not hold ${what}` });
  }

  private close(): void {
    this.depth -= 1;
  }

  private open(tag: SaxesTagNS): void {
    if (this.depth === 0 && tag.local !== 'div')
      this.problems.push({ code: 'structure', says: `the narrative's root is ${tag.name}, not div` });
    else if (tag.uri !== XHTML) this.problems.push({ code: 'structure', says: `the element ${tag.name} is not in the namespace ${XHTML}` });
    if (!ELEMENTS.has(tag.local)) this.refuse(`the element ${shown(tag.name)} (txt-1)`);
    for (const attribute of Object.values(tag.attributes)) this.attribute(attribute.name, attribute.value);
    if (tag.local === 'img' && tag.attributes.src) this.hasContent = true;
    this.depth += 1;
  }

  private attribute(name: string, value: string): void {
    if (name === 'xmlns' || name.startsWith('xmlns:')) return;
    if (!ATTRIBUTES.has(name)) this.refuse(`the attribute ${shown(name)} (txt-1)`);
    else if (name === 'style' && !isSafeStyle(value)) this.refuse(`the style ${shown(value)}`);
    else if (LINK_ATTRIBUTES.has(name) && !isSafeLink(value, name === 'src')) this.refuse(`the link ${shown(value)}`);
  }
}

/** Backgrounds that are part of the record, as FHIR's own narratives have them, but nothing from elsewhere. */
function isSafeStyle(value: string): boolean {
  if (UNSAFE_STYLE.test(value)) return false;
  const urls = Array.from(value.matchAll(STYLE_URL), ([, url = '']) => url.replace(SKIPPED, ''));
  return urls.every((url) => IMAGE_DATA.test(url) || !/^(?:[^/?#]*:|\/\/)/.test(url));
}

function isSafeLink(value: string, isImage: boolean): boolean {
  const link = value.replace(SKIPPED, '');
  const scheme = /^([^/?#:]*):/.exec(link)?.[1]?.toLowerCase();
  return scheme === undefined || SCHEMES.has(scheme) || (isImage && IMAGE_DATA.test(link));
}
