/** The columns of a batch of rows, one array parameter each. */
import { boolArray, int4Array, int8Array, jsonbArray, textArray, timestampArray, tsvectorArray } from '../binary.ts';
import type { AdministrativeTable } from '../business-date.ts';
import { lexemesOf, type Placed, rangesText, scalarsText } from '../row.ts';

interface Column {
  readonly name: string;
  readonly type: string;
  readonly encode: (rows: readonly Placed[]) => Buffer;
}

const texts = (name: string, of: (row: Placed) => string | null): Column => ({
  name,
  type: 'text',
  encode: (rows) => textArray(rows.map(of)),
});

/** The columns of a row, in the order of the parameters that carry them. `business_at` goes by another name in each table. */
const COLUMNS: readonly Column[] = [
  texts('id', ({ draft }) => draft.id),
  texts('rk', ({ draft }) => draft.rk),
  { name: 'business_at', type: 'timestamptz', encode: (rows) => timestampArray(rows.map(({ businessAt }) => businessAt)) },
  { name: 'ends_at', type: 'timestamptz', encode: (rows) => timestampArray(rows.map(({ endsAt }) => endsAt)) },
  { name: 'version', type: 'integer', encode: (rows) => int4Array(rows.map(({ draft }) => draft.version)) },
  { name: 'at', type: 'bigint', encode: (rows) => int8Array(rows.map(({ draft }) => draft.at)) },
  texts('patient', ({ draft }) => draft.index.patients[0] ?? null),
  texts('raw', ({ draft }) => draft.raw),
  texts('by_client', ({ draft }) => draft.by.client),
  texts('by_subject', ({ draft }) => draft.by.subject),
  texts('by_request', ({ draft }) => draft.by.request),
  texts('method', ({ draft }) => draft.method),
  { name: 's', type: 'tsvector', encode: (rows) => tsvectorArray(rows.map(({ draft }) => lexemesOf(draft))) },
  { name: 'r', type: 'jsonb', encode: (rows) => jsonbArray(rows.map(({ ranges }) => rangesText(ranges))) },
  { name: 'o', type: 'jsonb', encode: (rows) => jsonbArray(rows.map(({ draft }) => scalarsText(draft))) },
  { name: 'deleted', type: 'boolean', encode: (rows) => boolArray(rows.map(({ draft }) => draft.deleted)) },
];

/** The number of parameters that `rowParameters` gives. */
export const ROW_PARAMETERS = COLUMNS.length;

export const rowParameters = (rows: readonly Placed[]) => COLUMNS.map(({ encode }) => encode(rows));

const ALL = COLUMNS.map(({ name }) => name);

/** `unnest($1::text[], …) AS i (id, …)`: the rows of a batch as a table, with these columns of them and further arrays. */
export function rowsAs(names: readonly string[] = ALL, further: Readonly<Record<string, string>> = {}): string {
  const arrays = names.map((name) => `$${ALL.indexOf(name) + 1}::${COLUMNS[ALL.indexOf(name)]?.type}[]`);
  return `unnest(${[...arrays, ...Object.values(further)].join(', ')}) AS i (${[...names, ...Object.keys(further)].join(', ')})`;
}

/** What goes into a partitioned table. */
const STORED = ALL.filter((name) => name !== 'deleted');

/** `encounter (id, rk, admitted_at, …)`. */
export function target({ table, column }: AdministrativeTable): string {
  return `${table} (${STORED.map((name) => (name === 'business_at' ? column : name)).join(', ')})`;
}

/** `i.id, i.rk, i.business_at, …`: the values for `target`. */
export const SOURCE = STORED.map((name) => `i.${name}`).join(', ');

/** `unnest(…) AS i (…)` with what goes into a partitioned table. */
export const STORED_ROWS = rowsAs(STORED);
