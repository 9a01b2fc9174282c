/** Drafts as rows, rows as versions. */
import { tooLarge } from '../../model/error.ts';
import type { RangeEntry, ResourceDraft, ResourceVersion } from '../../model/resource.ts';
import { isTimestamp } from './binary.ts';
import { type AdministrativeTable, mainKeyOf } from './business-date.ts';
import { lexemeOf, patientLexeme } from './lexeme.ts';

/** What of a draft depends on its table; milliseconds, -Infinity for "none". */
export interface Placed {
  readonly draft: ResourceDraft;
  /** The partition column. */
  readonly businessAt: number;
  /** The end of the main date, by which an index finds it. */
  readonly endsAt: number;
  /** The ranges that the two columns don't say. */
  readonly ranges: readonly RangeEntry[];
}

const NONE = Number.NEGATIVE_INFINITY;

/**
 * The draft with its business date. If the type's date parameter has exactly one entry whose start is known, the entry is
 * the two columns `businessAt` and `endsAt`. With no entry, `index.d` is the business date and `endsAt` none. Anything else
 * (several entries, no start) has no business date, and its entries stay with the other ranges.
 */
export function placed(table: AdministrativeTable, draft: ResourceDraft): Placed {
  const { r, d } = draft.index;
  const mainKey = mainKeyOf(table);
  const main = r.filter((entry) => entry.k === mainKey);
  const only = main[0];
  if (!only) return { draft, businessAt: d !== null && isColumn(d) ? d : NONE, endsAt: NONE, ranges: r };
  if (main.length > 1 || !isColumn(only.lo) || !isColumn(only.hi)) {
    return { draft, businessAt: NONE, endsAt: Math.ceil(Math.max(...main.map(({ hi }) => hi))), ranges: r };
  }
  return { draft, businessAt: only.lo, endsAt: only.hi, ranges: r.filter((entry) => entry !== only) };
}

/** A `tsvector` holds this many bytes of lexemes. */
const MAX_LEXEME_BYTES = 1_048_575;

/** A column holds microseconds, dates are whole milliseconds: anything else would be rounded. */
const isColumn = (ms: number) => isTimestamp(ms) && Number.isInteger(ms);

/** The lexemes of a draft, none twice. @throws FhirError 413 for more than a row can hold */
export function lexemesOf({ index }: ResourceDraft): string[] {
  const lexemes = new Set<string>();
  for (const reference of index.patients) lexemes.add(patientLexeme(reference));
  for (const entry of index.s) lexemes.add(lexemeOf(entry));
  const all = [...lexemes];
  if (all.length > 1_000 && all.reduce((sum, lexeme) => sum + Buffer.byteLength(lexeme), 0) > MAX_LEXEME_BYTES) {
    throw tooLarge('The resource has more to index than the administrative store takes.');
  }
  return all;
}

/** `{"Encounter.length": [[lo, hi], …], …}`, null if there are none. */
export function rangesText(ranges: readonly RangeEntry[]): string | null {
  if (ranges.length === 0) return null;
  const byKey = new Map<string, string[]>();
  for (const { k, lo, hi } of ranges) {
    const texts = byKey.get(k) ?? [];
    if (texts.length === 0) byKey.set(k, texts);
    texts.push(`[${lo},${hi}]`);
  }
  return `{${[...byKey].map(([key, texts]) => `${JSON.stringify(key)}:[${texts.join()}]`).join()}}`;
}

/** The sort scalars as JSON text, null if there are none. */
export function scalarsText({ index }: ResourceDraft): string | null {
  const text = JSON.stringify(index.o);
  return text === '{}' ? null : text;
}

/** The columns of `VERSION_COLUMNS` in one row. */
export type VersionRow = [
  id: string,
  rk: string,
  version: number,
  at: string,
  deleted: boolean,
  raw: string,
  client: string,
  subject: string,
  request: string,
  method: ResourceVersion['method'],
];

/** What a statement selects, in this order and before anything else, to be read by `versionFrom`. */
export const VERSION_COLUMNS = ['id', 'rk', 'version', 'at', 'deleted', 'raw', 'by_client', 'by_subject', 'by_request', 'method'] as const;

export function versionFrom(type: string, row: VersionRow): ResourceVersion {
  const [id, rk, version, at, deleted, raw, client, subject, request, method] = row;
  return { type, id, rk, version, at: Number(at), deleted, raw, by: { client, subject, request }, method };
}
