/**
 * A type in the order of its own date, without sorting it: rows that the date's two columns say all of (see `placed`) come by
 * an index on the first; the others, which are few, are sorted beside them.
 *
 * Only where nothing but the date is asked for: with any other condition the planner would have to guess what is selective.
 */
import type { SearchExpression } from '../../../search/expression/expression.ts';
import type { StoreSearch } from '../../store.ts';
import { timestamp } from '../binary.ts';
import { type AdministrativeTable, mainKeyOf } from '../business-date.ts';
import type { Parameters } from './parameters.ts';
import type { SortColumn } from './sort.ts';

/** A part of a page's rows, and how they are put in order. */
export interface PagePart {
  readonly conditions: (parameters: Parameters) => readonly string[];
  /** The columns to order by, for those that the sort keys have. */
  readonly order: (columns: readonly SortColumn[]) => readonly SortColumn[];
}

const WHOLE: PagePart = { conditions: () => [], order: (columns) => columns };

/** How many columns a scalar of `o` has. */
const SCALAR_COLUMNS = 2;

/** The parts whose pages together hold the page of this type; mostly one. */
export function partsOf(search: StoreSearch, table: AdministrativeTable): readonly PagePart[] {
  if (!isInDateOrder(search, table)) return [WHOLE];
  const value = search.after?.[0];
  const { column } = table;
  const rest: PagePart = { ...WHOLE, conditions: () => [`(e.${column} = '-infinity' OR e.ends_at = '-infinity')`] };
  // What has no date comes after all that has one.
  if (value === null && !search.backward) return [rest];
  const dated: PagePart = {
    conditions: (parameters) => [
      `e.${column} > '-infinity' AND e.ends_at > '-infinity'`,
      ...(typeof value === 'number' ? [boundAt(value, search, column, parameters)] : []),
    ],
    order: ([first, ...columns]) => [
      { sql: `e.${column}`, descending: first?.descending === true, type: 'bigint', isNullable: false },
      ...columns.slice(SCALAR_COLUMNS - 1),
    ],
  };
  return [dated, rest];
}

function isInDateOrder({ types, where, patient, sort, after }: StoreSearch, table: AdministrativeTable): boolean {
  const isOwnDate = table.parameter !== undefined && sort[0]?.parameter === table.parameter;
  const isPlain = types.length === 1 && patient === undefined && typeof after?.[0] !== 'string';
  return isOwnDate && isPlain && (where.kind === 'and' ? where.of : [where]).every((part) => isOnDate(part, mainKeyOf(table)));
}

const isOnDate = (part: SearchExpression, key: string | undefined) =>
  part.kind === 'everything' || (part.kind === 'range' && part.key === key);

/** Where the index begins. */
function boundAt(value: number, { sort, backward }: StoreSearch, column: string, parameters: Parameters): string {
  const isDown = sort[0]?.descending !== (backward === true);
  return `e.${column} ${isDown ? '<=' : '>='} ${parameters.add(timestamp(value))}::timestamptz`;
}
