/** Rows of one table brought into today's form: texts and index entries. Ids, versions and dates stay as they are. */
import type { ClientBase } from 'pg';
import { unavailable } from '../../../model/error.ts';
import type { ResourceVersion } from '../../../model/resource.ts';
import type { Reindexed, Renewal } from '../../reindex.ts';
import { textArray } from '../binary.ts';
import type { AdministrativeTable } from '../business-date.ts';
import { INDEX_INPUT, indexValues } from '../reindex.ts';
import { placed, VERSION_COLUMNS, type VersionRow, versionFrom } from '../row.ts';

const ROWS_AT_ONCE = 100;
/** A row that is there is not deleted. */
const SELECTED = VERSION_COLUMNS.map((name) => (name === 'deleted' ? 'false AS deleted' : name)).join(', ');

/** Goes through all rows of `place`, a table like `table`. False if it was stopped half-way. @throws FhirError 503 */
export async function renewRows(
  client: ClientBase,
  table: AdministrativeTable,
  place: string,
  renewed: Renewal,
  isStopping: () => boolean = () => false,
): Promise<boolean> {
  for (let last: ResourceVersion | undefined; ; ) {
    if (isStopping()) return false;
    const versions = await rowsAfter(client, table, place, last);
    last = versions.at(-1);
    if (!last) return true;
    await write(client, table, place, versions.map(renewed));
  }
}

async function rowsAfter(client: ClientBase, { type }: AdministrativeTable, place: string, last: ResourceVersion | undefined) {
  const { rows } = await client.query<VersionRow>({
    text: `SELECT ${SELECTED} FROM ${place} WHERE (rk, id) > ($1, $2) ORDER BY rk, id LIMIT ${ROWS_AT_ONCE}`,
    values: [last?.rk ?? '', last?.id ?? ''],
    rowMode: 'array',
  });
  return rows.map((row) => versionFrom(type, row));
}

async function write(client: ClientBase, table: AdministrativeTable, place: string, items: readonly Reindexed[]): Promise<void> {
  const rows = items.map(({ version, index }) => placed(table, { ...version, index }));
  const { rows: counted } = await client.query<{ there: number }>(statement(table, place), [
    ...indexValues(rows),
    textArray(items.map(({ version }) => version.raw)),
  ]);
  // Never so, unless today's dates are others than those by which the row came into this year.
  if (counted[0]?.there !== items.length) throw unavailable(`rows of ${place} have other dates by today's rules`);
}

const statement = ({ column }: AdministrativeTable, place: string) => `
  WITH i AS MATERIALIZED (
    SELECT i.*, n.raw FROM unnest($1::text[], $9::text[]) AS n (id, raw) JOIN ${INDEX_INPUT} ON i.id = n.id
  ), written AS (
    UPDATE ${place} e SET raw = i.raw, s = i.s, r = i.r, o = i.o, ends_at = i.ends_at FROM i
    WHERE e.rk = i.rk AND e.id = i.id AND e.${column} = i.business_at AND e.version = i.version
      AND (e.raw, e.s, e.r, e.o, e.ends_at) IS DISTINCT FROM (i.raw, i.s, i.r, i.o, i.ends_at)
  )
  SELECT count(*)::int AS there FROM ${place} e JOIN i ON e.rk = i.rk AND e.id = i.id AND e.${column} = i.business_at AND e.version = i.version`;
