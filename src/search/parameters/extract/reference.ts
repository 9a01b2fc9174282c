/** Entries of reference parameters. @see https://hl7.org/fhir/R4/search.html#reference */

import { codeEntry, identifierKey, tokenEntry, valueEntry } from '../entry-text.ts';
import { referenceText, versionedText } from '../reference-text.ts';
import type { EntrySink } from './entry-sink.ts';
import type { Extract, ExtractTarget } from './extract.ts';
import { canonicalExtractor } from './uri.ts';

function putLiteral(target: ExtractTarget, literal: unknown, sink: EntrySink): void {
  // A reference to a contained resource means nothing outside its own resource.
  if (typeof literal !== 'string' || literal.startsWith('#')) return;
  const reference = referenceText(literal, target.baseUrl);
  sink.s.push(valueEntry(target.key, reference.text));
  const versioned = versionedText(reference);
  if (versioned !== undefined) sink.s.push(valueEntry(target.key, versioned));
}

function putIdentifier(target: ExtractTarget, { system, value }: { system?: unknown; value?: unknown }, sink: EntrySink): void {
  if (typeof value !== 'string') return;
  const key = identifierKey(target.key);
  const text = target.identifierText(value);
  sink.s.push(tokenEntry(key, typeof system === 'string' ? system : '', text), codeEntry(key, text));
}

interface Inline {
  readonly resourceType?: unknown;
  readonly id?: unknown;
}

/** How to put values of this type: a Reference, a canonical, an Attachment's URL, or an inline resource (Bundle.entry). */
export function referenceExtractor(target: ExtractTarget, elementType: string): Extract | undefined {
  switch (elementType) {
    case 'Reference':
      return (value, sink) => {
        const { reference, identifier } = value as { reference?: unknown; identifier?: { system?: unknown; value?: unknown } };
        putLiteral(target, reference, sink);
        if (identifier) putIdentifier(target, identifier, sink);
      };
    case 'Attachment':
      return (value, sink) => putLiteral(target, (value as { url?: unknown }).url, sink);
    case 'Resource':
      return (value, sink) => {
        const { resourceType, id } = value as Inline;
        if (typeof id === 'string') putLiteral(target, `${resourceType}/${id}`, sink);
      };
    default:
      return canonicalExtractor(target);
  }
}
