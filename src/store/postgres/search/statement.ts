/** A search of one or several types as one SQL statement. */
import type { SearchExpression } from '../../../search/expression/expression.ts';
import type { SearchScope, StoreCollect, StoreSearch } from '../../store.ts';
import { type AdministrativeTable, tableOf } from '../business-date.ts';
import { equalsQuery, patientLexeme } from '../lexeme.ts';
import { VERSION_COLUMNS } from '../row.ts';
import { conditionOf } from './condition.ts';
import { type PagePart, partsOf } from './date-order.ts';
import { createParameters, type Parameters } from './parameters.ts';
import { afterCondition, columnsOf, columnValues, reversed, type SortColumn, typeLiteral } from './sort.ts';

export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

type Selection = Pick<StoreSearch, 'where' | 'patient'>;

/** The statement of a page: type, the columns of `VERSION_COLUMNS`, then the sort columns `k0`, `k1`, … */
export function pageStatement(search: StoreSearch): Statement {
  const parameters = createParameters();
  const limit = parameters.add(search.limit);
  const patient = patientPlace(search, parameters);
  const parts = search.types.flatMap((type) =>
    partsOf(search, tableOf(type)).map((part) => pageOfType(search, type, part, { limit, patient, parameters })),
  );
  const [only] = parts;
  if (only && parts.length === 1) return { text: only, values: parameters.values };
  const columns = sortColumns(search, '', createParameters());
  const order = columns.map((column, index) => orderBy({ ...column, sql: `u.k${index}${column.type === 'text' ? ' COLLATE "C"' : ''}` }));
  const text = `SELECT * FROM (${parts.map((part) => `(${part})`).join(' UNION ALL ')}) AS u ORDER BY ${order.join(', ')} LIMIT ${limit}`;
  return { text, values: parameters.values };
}

interface Shared {
  readonly limit: string;
  readonly patient: string | undefined;
  readonly parameters: Parameters;
}

function pageOfType(search: StoreSearch, type: string, part: PagePart, { limit, patient, parameters }: Shared): string {
  const table = tableOf(type);
  const columns = sortColumns(search, type, parameters);
  const selected = VERSION_COLUMNS.map((name) => (name === 'deleted' ? 'false AS deleted' : `e.${name}`));
  const sortValues = columns.map(({ sql }, index) => `${sql} AS k${index}`);
  const conditions = [within(patient, search, table, parameters), ...part.conditions(parameters)];
  if (search.after) {
    const after = search.sort.flatMap((key, index) => columnValues(key, search.after?.[index] ?? null));
    conditions.push(afterCondition(columns, after, parameters));
  }
  return `SELECT ${typeLiteral(type)} AS type, ${[...selected, ...sortValues].join(', ')} FROM ${source(search.where, table, parameters)}
    WHERE ${conditions.join(' AND ')} ORDER BY ${orderOf(part.order(columns))} LIMIT ${limit}`;
}

function sortColumns({ sort, backward }: StoreSearch, type: string, parameters: Parameters): SortColumn[] {
  const columns = sort.flatMap((key) => columnsOf(key, type, parameters));
  return backward ? reversed(columns) : columns;
}

/** The rows of one type that match, as `FROM` and `WHERE` of a statement under construction. */
export function selectionOf(type: string, selection: Selection, parameters: Parameters): { readonly from: string; readonly where: string } {
  const table = tableOf(type);
  return { from: source(selection.where, table, parameters), where: condition(selection, table, parameters) };
}

/** How many resources match, over all types. */
export function countStatement(search: Selection & { readonly types: readonly string[] }): Statement {
  const parameters = createParameters();
  const parts = search.types.map((type) => {
    const table = tableOf(type);
    return `(SELECT count(*) FROM ${source(search.where, table, parameters)} WHERE ${condition(search, table, parameters)})`;
  });
  return { text: `SELECT (${parts.join(' + ') || '0'})::float8 AS n`, values: parameters.values };
}

/** All that matches: for the planner's idea of how many they are. */
export function planStatement(search: SearchScope): Statement {
  const parameters = createParameters();
  const parts = search.types.map((type) => {
    const table = tableOf(type);
    return `SELECT 1 FROM ${source(search.where, table, parameters)} WHERE ${condition(search, table, parameters)}`;
  });
  return { text: parts.join(' UNION ALL '), values: parameters.values };
}

/** Keys or entries of what matches, each once. */
export function collectStatement(request: StoreCollect): Statement {
  const parameters = createParameters();
  const limit = parameters.add(request.limit);
  const parts = request.types.map((type) => collectOfType(request, type, parameters));
  return { text: `${parts.join(' UNION ')} LIMIT ${limit}`, values: parameters.values };
}

function collectOfType({ prefixes, ...selection }: StoreCollect, type: string, parameters: Parameters): string {
  const table = tableOf(type);
  const from = source(selection.where, table, parameters);
  const where = condition(selection, table, parameters);
  if (!prefixes) return `SELECT ${parameters.add(`${type}/`)}::text || e.id AS text FROM ${from} WHERE ${where}`;
  const starts = prefixes.map((prefix) => `starts_with(entry.lexeme, ${parameters.add(prefix)}::text)`);
  return `SELECT DISTINCT entry.lexeme AS text FROM ${from}, unnest(e.s) AS entry WHERE ${where} AND (${starts.join(' OR ') || 'false'})`;
}

/** Logical ids of up to `limit` matches of one type, in no order. */
export function idsStatement(type: string, where: SearchExpression, limit: number): Statement {
  const parameters = createParameters();
  const table = tableOf(type);
  const text = `SELECT e.id FROM ${source(where, table, parameters)} WHERE ${conditionOf(where, table, parameters)} LIMIT ${parameters.add(limit)}`;
  return { text, values: parameters.values };
}

const condition = (selection: Selection, table: AdministrativeTable, parameters: Parameters): string =>
  within(patientPlace(selection, parameters), selection, table, parameters);

/** Where the patient's lexeme is bound: once, however many types are searched. */
const patientPlace = ({ patient }: Selection, parameters: Parameters): string | undefined =>
  patient === undefined ? undefined : `${parameters.add(equalsQuery(patientLexeme(patient)))}::tsquery`;

/** The condition, in the record of the patient that is bound at this place. */
function within(place: string | undefined, { where, patient }: Selection, table: AdministrativeTable, parameters: Parameters): string {
  if (place === undefined) return conditionOf(where, table, parameters);
  // Looked up twice, the lexeme costs the index twice.
  const others = (where.kind === 'and' ? where.of : [where]).filter((part) => part.kind !== 'patient' || part.reference !== patient);
  return [`e.s @@ ${place}`, ...others.map((part) => conditionOf(part, table, parameters))].join(' AND ');
}

/**
 * The rows to look at. A search that names ids goes through the heads, which say in which partition each one lies; one for
 * what was updated lately goes through the heads' index by time.
 */
function source(where: SearchExpression, table: AdministrativeTable, parameters: Parameters): string {
  const parts = where.kind === 'and' ? where.of : [where];
  const heads = parts.flatMap((part) => headCondition(part, parameters) ?? []);
  if (heads.length === 0) return `${table.table} e`;
  return `resource_head h JOIN ${table.table} e ON e.rk = h.rk AND e.id = h.id AND e.${table.column} = h.business_at
    AND h.type = ${parameters.add(table.type)}::text AND ${heads.join(' AND ')}`;
}

function headCondition(part: SearchExpression, parameters: Parameters): string | undefined {
  if (part.kind === 'ids') return `h.id = ANY (${parameters.add(part.ids)}::text[])`;
  if (part.kind !== 'updated') return undefined;
  const from = part.conditions.filter(({ op }) => op === 'gt' || op === 'ge').map(({ value }) => Math.floor(value));
  return from.length > 0 && from.every(Number.isSafeInteger) ? `h.at >= ${parameters.add(Math.max(...from))}::bigint` : undefined;
}

function orderBy({ sql, descending, isNullable, isReversed }: SortColumn): string {
  return `${sql}${descending ? ' DESC' : ''}${isNullable ? ` NULLS ${isReversed ? 'FIRST' : 'LAST'}` : ''}`;
}

/** A literal in ORDER BY would be no order: the resource type is the same in every row. */
const orderOf = (columns: readonly SortColumn[]) =>
  columns
    .filter(({ sql }) => !sql.startsWith("'"))
    .map(orderBy)
    .join(', ');
