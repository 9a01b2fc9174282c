/** Entries of uri parameters, and of references by canonical URL. @see https://hl7.org/fhir/R4/search.html#uri */
import { valueEntry } from '../entry-text.ts';
import type { Extract, ExtractTarget } from './extract.ts';

/** A canonical is found with its version and without. */
export function canonicalExtractor(target: ExtractTarget): Extract {
  return (value, sink) => {
    if (typeof value !== 'string') return;
    sink.s.push(valueEntry(target.key, value));
    const bar = value.indexOf('|');
    if (bar > 0) sink.s.push(valueEntry(target.key, value.slice(0, bar)));
  };
}

/** How to put values of this type: uri, url, canonical, oid, uuid. */
export function uriExtractor(target: ExtractTarget, elementType: string): Extract | undefined {
  if (elementType === 'canonical') return canonicalExtractor(target);
  return (value, sink) => {
    if (typeof value !== 'string') return;
    sink.s.push(valueEntry(target.key, value));
    sink.sortBy(target.code, value);
  };
}
