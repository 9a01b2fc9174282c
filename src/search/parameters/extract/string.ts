/** Entries of string parameters. @see https://hl7.org/fhir/R4/search.html#string */

import { foldText, stringEntry } from '../entry-text.ts';
import type { EntrySink } from './entry-sink.ts';
import type { Extract, ExtractTarget } from './extract.ts';

/** R4: "any of the string parts"; `use`, `type` and periods are not such. */
const NAME_PARTS = ['family', 'given', 'prefix', 'suffix', 'text'] as const;
const ADDRESS_PARTS = ['line', 'city', 'district', 'state', 'postalCode', 'country', 'text'] as const;

function putParts(target: ExtractTarget, parts: readonly string[], value: Readonly<Record<string, unknown>>, sink: EntrySink): void {
  for (const part of parts) {
    const text = value[part];
    if (typeof text === 'string') sink.s.push(stringEntry(target.key, text));
    else if (Array.isArray(text)) for (const each of text) if (typeof each === 'string') sink.s.push(stringEntry(target.key, each));
  }
}

function sortTextOf(value: Readonly<Record<string, unknown>>): string {
  const given = Array.isArray(value.given) ? value.given.join(' ') : '';
  return foldText(typeof value.family === 'string' ? `${value.family} ${given}`.trim() : given || String(value.text ?? ''));
}

/** How to put values of this type, or undefined if strings don't come from it. A name sorts by family, then given. */
export function stringExtractor(target: ExtractTarget, elementType: string): Extract | undefined {
  switch (elementType) {
    case 'HumanName':
      return (value, sink) => {
        putParts(target, NAME_PARTS, value as Record<string, unknown>, sink);
        sink.sortBy(target.code, sortTextOf(value as Record<string, unknown>));
      };
    case 'Address':
      return (value, sink) => putParts(target, ADDRESS_PARTS, value as Record<string, unknown>, sink);
    default:
      return (value, sink) => {
        if (typeof value !== 'string') return;
        sink.s.push(stringEntry(target.key, value));
        sink.sortBy(target.code, foldText(value));
      };
  }
}
