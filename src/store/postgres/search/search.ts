import type { Pool, PoolClient } from 'pg';
import type { SearchExpression } from '../../../search/expression/expression.ts';
import { compareMatches } from '../../order.ts';
import type { SearchMatch, SearchScope, SortKey, StoreCollect, StoreSearch } from '../../store.ts';
import { queryUntil } from '../connections/query-until.ts';
import { VERSION_COLUMNS, type VersionRow, versionFrom } from '../row.ts';
import { createParameters } from './parameters.ts';
import { columnsOf, keyValue } from './sort.ts';
import { collectStatement, countStatement, idsStatement, pageStatement, planStatement } from './statement.ts';
import type { NameStatement } from './statement-names.ts';
import type { JoinedStatement, SearchStatement } from './together.ts';

const unnamed: NameStatement = () => undefined;

function named(nameOf: NameStatement, text: string): { readonly text: string; readonly name?: string } {
  const name = nameOf(text);
  return name === undefined ? { text } : { name, text };
}

/** One page of matches. Planned for its values each time, which decide which partitions and indexes are used. */
export async function findPage(pool: Pool, search: StoreSearch, nameOf = unnamed): Promise<SearchMatch[]> {
  if (search.types.length === 0) return [];
  return findByStatement(pool, { search, statement: pageStatement(search) }, nameOf);
}

/** The same by a statement that is there already. With a name, the connection keeps the plan. */
export async function findByStatement(
  pool: Pool,
  { search, statement: { text, values } }: SearchStatement,
  nameOf: NameStatement,
): Promise<SearchMatch[]> {
  const rows = await queryUntil<unknown[]>(search.signal, pool, { ...named(nameOf, text), values: [...values], rowMode: 'array' as const });
  return rows.map((row) => matchFrom(row, search.sort));
}

/** The pages of searches that one statement answers, in their order. */
export async function findJoined(
  pool: Pool,
  { text, values }: JoinedStatement,
  searches: readonly StoreSearch[],
  nameOf: NameStatement,
): Promise<SearchMatch[][]> {
  const { rows } = await pool.query<unknown[]>({ ...named(nameOf, text), values: [...values], rowMode: 'array' });
  const pages = searches.map((): SearchMatch[] => []);
  for (const [number, ...row] of rows) {
    const at = Number(number) - 1;
    pages[at]?.push(matchFrom(row, (searches[at] as StoreSearch).sort));
  }
  // Of a join SQL promises no order.
  return pages.map((page, at) => page.sort((a, b) => compareMatches(a.sortValues, b.sortValues, searches[at] as StoreSearch)));
}

function matchFrom(row: readonly unknown[], sort: readonly SortKey[]): SearchMatch {
  const [type, ...rest] = row;
  const resource = versionFrom(type as string, rest.slice(0, VERSION_COLUMNS.length) as unknown as VersionRow);
  let at = VERSION_COLUMNS.length;
  const sortValues = sort.map((key) => {
    const width = columnsOf(key, '', createParameters()).length;
    at += width;
    return keyValue(key, rest.slice(at - width, at));
  });
  return { resource, sortValues };
}

/** How many resources match. */
export async function countMatches(pool: Pool, search: SearchScope, nameOf: NameStatement = unnamed): Promise<number> {
  if (search.types.length === 0) return 0;
  const { text, values } = countStatement(search);
  const rows = await queryUntil<{ n: number }>(search.signal, pool, { ...named(nameOf, text), values: [...values] });
  return rows[0]?.n ?? 0;
}

/** About how many resources match, as the planner sees it: nothing is read but statistics. */
export async function estimateMatches(pool: Pool, search: SearchScope): Promise<number> {
  if (search.types.length === 0) return 0;
  const { text, values } = planStatement(search);
  const { rows } = await pool.query({ text: `EXPLAIN (FORMAT JSON) ${text}`, values: [...values] });
  const [{ Plan: plan }] = rows[0]['QUERY PLAN'] as [{ Plan: { 'Plan Rows': number } }];
  return plan['Plan Rows'];
}

/** Keys or entries of what matches. */
export async function collectTexts(pool: Pool, request: StoreCollect, nameOf: NameStatement = unnamed): Promise<string[]> {
  if (request.types.length === 0) return [];
  const { text, values } = collectStatement(request);
  const rows = await queryUntil<{ text: string }>(request.signal, pool, { ...named(nameOf, text), values: [...values] });
  return rows.map((row) => row.text);
}

/**
 * Logical ids of up to `limit` matches, as the transaction of `client` sees them. Conditions of one shape share a statement
 * that each connection plans once, as long as `nameOf` gives it a name: planning costs more than looking an identifier up.
 */
export async function findIds(
  client: PoolClient,
  { type, where, limit }: { readonly type: string; readonly where: SearchExpression; readonly limit: number },
  nameOf: NameStatement,
): Promise<string[]> {
  const { text, values } = idsStatement(type, where, limit);
  const { rows } = await client.query<{ id: string }>({ ...named(nameOf, text), values: [...values] });
  return rows.map(({ id }) => id);
}
