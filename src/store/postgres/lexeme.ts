/**
 * Index entries as lexemes of a `tsvector`: one GIN index answers equality and prefix alike, which an index over `text[]`
 * can't. Nothing linguistic happens: a lexeme is an entry, byte for byte.
 * @see https://www.postgresql.org/docs/current/textsearch-indexes.html
 */
import { hash } from 'node:crypto';
import { invalidValue } from '../../model/error.ts';

/** A lexeme holds 2,046 bytes at most; 500 UTF-16 units are 1,500 bytes at most. */
const MAX_UNITS = 500;
const KEPT_UNITS = 400;

/** A patient compartment as a lexeme; no entry of a search parameter starts with "@". */
export const patientLexeme = (reference: string) => lexemeOf(`@${reference}`);

/** An entry as a lexeme: a very long one is cut and its hash added. */
export function lexemeOf(entry: string): string {
  if (entry.includes('\0')) throw invalidValue('A text holds the character U+0000, which no FHIR text may.');
  return entry.length <= MAX_UNITS ? entry : `${entry.slice(0, KEPT_UNITS).toWellFormed()}…${hash('sha1', entry, 'hex')}`;
}

/** `entry` as a `tsquery`. */
export const equalsQuery = (entry: string) => quoted(lexemeOf(entry));

/** Lexemes of one `tsquery`: its tree is as deep as it has words, and read by recursion. */
const WORDS_OF_A_QUERY = 64;

/** "One of these" as a few `tsquery`s, any of which may hold. */
export function amongQueries(entries: readonly string[]): string[] {
  const queries: string[] = [];
  for (let from = 0; from < entries.length; from += WORDS_OF_A_QUERY) {
    queries.push(
      entries
        .slice(from, from + WORDS_OF_A_QUERY)
        .map(equalsQuery)
        .join(' | '),
    );
  }
  return queries;
}

/** What starts with `entry` as a `tsquery`; of a very long one, what starts with its first 400 characters. */
export function prefixQuery(entry: string): string {
  if (entry === '') return `'':*`;
  return `${quoted(entry.length <= KEPT_UNITS ? lexemeOf(entry) : entry.slice(0, KEPT_UNITS).toWellFormed())}:*`;
}

const quoted = (lexeme: string) => `'${lexeme.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
