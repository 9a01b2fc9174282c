/** Sort keys as SQL: what to order by, where a page goes on, and the values for the next one. */
import type { SortValue } from '../../order.ts';
import type { SortKey } from '../../store.ts';
import type { Parameters } from './parameters.ts';

/** One column to order by. A missing value sorts last in both directions. */
export interface SortColumn {
  /** SQL over a row `e`. */
  readonly sql: string;
  readonly descending: boolean;
  /** The SQL type of its values. */
  readonly type: 'text' | 'float8' | 'bigint';
  readonly isNullable: boolean;
  /** Read from its end: missing values come first. */
  readonly isReversed?: true;
}

/** The columns in the opposite order. */
export const reversed = (columns: readonly SortColumn[]): SortColumn[] =>
  columns.map((each) => ({ ...each, descending: !each.descending, isReversed: true }));

const column = (sql: string, descending: boolean, type: SortColumn['type'], isNullable = false): SortColumn => ({
  sql,
  descending,
  type,
  isNullable,
});

/** The name of a resource type, which is as much a part of the statement as its table's. */
export const typeLiteral = (type: string) => `'${type.replaceAll("'", "''")}'::text`;

/**
 * The columns of one key. `type` is the resource type of the rows.
 *
 * A scalar of `o` is a number or a text, so it has two columns: ascending, numbers come before texts; descending, after.
 */
export function columnsOf({ parameter, descending }: SortKey, type: string, parameters: Parameters): SortColumn[] {
  switch (parameter) {
    case '_identity':
      return [
        column('e.rk', descending, 'text'),
        column(`${typeLiteral(type)} COLLATE "C"`, descending, 'text'),
        column('e.id', descending, 'text'),
      ];
    case '_id':
      return [column('e.id', descending, 'text')];
    case '_lastUpdated':
      return [column('e.at', descending, 'bigint')];
    default:
      return scalarColumns(parameter, descending, parameters);
  }
}

function scalarColumns(parameter: string, descending: boolean, parameters: Parameters): SortColumn[] {
  const value = `e.o->${parameters.add(parameter)}::text->'${descending ? 'max' : 'min'}'`;
  const of = (kind: string, sql: string) => `CASE jsonb_typeof(${value}) WHEN '${kind}' THEN ${sql} END`;
  const numbers = column(of('number', `(${value})::float8`), descending, 'float8', true);
  const texts = column(of('string', `(${value}) #>> '{}' COLLATE "C"`), descending, 'text', true);
  return descending ? [texts, numbers] : [numbers, texts];
}

/** The values of the columns that belong to a key's value in a cursor. */
export function columnValues({ parameter, descending }: SortKey, value: SortValue): SortValue[] {
  if (parameter === '_identity') {
    const [rk = '', type = '', ...id] = String(value).split('/');
    return [rk, type, id.join('/')];
  }
  if (parameter === '_id' || parameter === '_lastUpdated') return [value];
  const [number, text] = [typeof value === 'number' ? value : null, typeof value === 'string' ? value : null];
  return descending ? [text, number] : [number, text];
}

/** A key's value in a cursor from the values of its columns, as PostgreSQL gives them. */
export function keyValue({ parameter }: SortKey, values: readonly unknown[]): SortValue {
  if (parameter === '_identity') return values.join('/');
  if (parameter === '_lastUpdated') return Number(values[0]);
  return (values.find((value) => value !== null) as SortValue | undefined) ?? null;
}

/** Rows that come after these values: equal up to some column, and after in it. */
export function afterCondition(columns: readonly SortColumn[], values: readonly SortValue[], parameters: Parameters): string {
  const places = columns.map(({ type }, index) => (values[index] === null ? null : `${parameters.add(values[index])}::${type}`));
  const alternatives = columns.flatMap((each, index) => {
    const beyond = isAfter(each, places[index] ?? null);
    if (beyond === undefined) return [];
    const equal = columns.slice(0, index).map((before, at) => isEqual(before, places[at] ?? null));
    return [`(${[...equal, beyond].join(' AND ')})`];
  });
  if (alternatives.length === 0) return 'false';
  return `(${[...startOf(columns[0], places[0] ?? null), `(${alternatives.join(' OR ')})`].join(' AND ')})`;
}

/** What follows for the first column alone: an index can begin there. */
function startOf(first: SortColumn | undefined, place: string | null): string[] {
  return first && !first.isNullable && place !== null ? [`${first.sql} ${first.descending ? '<=' : '>='} ${place}`] : [];
}

function isAfter({ sql, descending, isNullable, isReversed }: SortColumn, place: string | null): string | undefined {
  if (place === null) return isReversed ? `(${sql}) IS NOT NULL` : undefined;
  const beyond = `${sql} ${descending ? '<' : '>'} ${place}`;
  return isNullable && !isReversed ? `(${beyond} OR (${sql}) IS NULL)` : beyond;
}

const isEqual = ({ sql }: SortColumn, place: string | null) => (place === null ? `(${sql}) IS NULL` : `${sql} = ${place}`);
