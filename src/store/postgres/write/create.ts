/** First versions, many in one statement. */
import type { ClientBase, Pool } from 'pg';
import type { AdministrativeTable } from '../business-date.ts';
import type { Placed } from '../row.ts';
import { rowParameters, rowsAs, SOURCE, STORED_ROWS, target } from './columns.ts';

const HEAD = ['id', 'rk', 'business_at', 'version', 'at', 'deleted'];

/**
 * Creates the resources that never were. No two rows have the same id.
 * @returns the ids that were created; the others existed
 */
export async function createRows(
  client: ClientBase | Pool,
  table: AdministrativeTable,
  rows: readonly Placed[],
): Promise<ReadonlySet<string>> {
  const created = await client.query<[string]>({
    name: `create_${table.table}`,
    text: `WITH heads AS (
        INSERT INTO resource_head (type, id, rk, business_at, version, at, deleted)
        SELECT '${table.type}', i.id, i.rk, i.business_at, i.version, i.at, i.deleted FROM ${rowsAs(HEAD)}
        ON CONFLICT DO NOTHING RETURNING id
      ), stored AS (
        INSERT INTO ${target(table)} SELECT ${SOURCE} FROM ${STORED_ROWS} JOIN heads USING (id)
      )
      SELECT id FROM heads`,
    values: rowParameters(rows),
    rowMode: 'array',
  });
  return new Set(created.rows.map(([id]) => id));
}
