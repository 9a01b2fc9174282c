/**
 * `application/fhir+xml`: FHIR's XML from and to JSON text, both ways without loss.
 * @see https://hl7.org/fhir/R4/xml.html
 */
import type { Definitions } from '../definitions/definitions.ts';
import { parseLossless, printLossless } from '../model/lossless-json.ts';
import { readXml } from './xml-reader.ts';
import { XmlWriter } from './xml-writer.ts';

/**
 * The XML of a resource. Numbers keep their lexemes and the narrative its text; elements come in the order of the definitions,
 * which XML demands. `pretty` indents by two spaces.
 * @throws FhirError 406 for what XML can't hold: members that R4 doesn't know, characters such as U+FFFF
 */
export function jsonToXml(definitions: Definitions, jsonText: string, options: { readonly pretty?: boolean } = {}): string {
  return new XmlWriter(definitions, options.pretty ?? false).document(parseLossless(jsonText));
}

/**
 * The JSON text of a resource in XML. Numbers keep their lexemes and the narrative its text; comments and processing
 * instructions go. Elements may come in any order. What JSON can't express is refused here, the rest is left to validation.
 * @throws FhirError 400 with line, column and place. A document type declaration is refused, so no entity is ever expanded.
 */
export function xmlToJson(definitions: Definitions, xml: string): string {
  return printLossless(readXml(definitions, xml));
}
