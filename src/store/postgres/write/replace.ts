/** Next versions and deletions, many in one statement. */
import type { ClientBase, Pool } from 'pg';
import { int4Array } from '../binary.ts';
import type { AdministrativeTable } from '../business-date.ts';
import type { Placed } from '../row.ts';
import { ROW_PARAMETERS, rowParameters, rowsAs, SOURCE, target } from './columns.ts';

/** A new version and the number of the version that it replaces. */
interface Replacement {
  readonly row: Placed;
  readonly previous: number;
}

/**
 * Replaces the versions that are still current: the old one goes to the history, a new business date moves the row to its
 * partition, a deletion leaves only its tombstone in the history. No two replacements have the same id.
 * @returns the ids that were replaced; of the others, another version was current
 */
export async function replaceRows(
  client: ClientBase | Pool,
  table: AdministrativeTable,
  replacements: readonly Replacement[],
): Promise<ReadonlySet<string>> {
  const replaced = await client.query<[string]>({
    name: `replace_${table.table}`,
    text: statement(table),
    values: [...rowParameters(replacements.map(({ row }) => row)), int4Array(replacements.map(({ previous }) => previous))],
    rowMode: 'array',
  });
  return new Set(replaced.rows.map(([id]) => id));
}

/** The rows of the batch and, beside them, the version that each replaces. */
const INPUT = rowsAs(undefined, { previous: `$${ROW_PARAMETERS + 1}::integer[]` });
const HISTORY = 'id, version, rk, at, raw, by_client, by_subject, by_request, method, deleted';

function statement(table: AdministrativeTable): string {
  return `
    WITH i AS MATERIALIZED (SELECT * FROM ${INPUT}),
    old AS MATERIALIZED (
      SELECT h.id, h.rk, h.business_at, h.deleted, h.version FROM resource_head h JOIN i ON h.id = i.id
      WHERE h.type = '${table.type}' AND h.version = i.previous ORDER BY h.id FOR UPDATE OF h
    ), heads AS (
      UPDATE resource_head h SET rk = i.rk, business_at = i.business_at, version = i.version, at = i.at, deleted = i.deleted
      FROM i JOIN old USING (id) WHERE h.type = '${table.type}' AND h.id = i.id
    ), archived AS MATERIALIZED (
      SELECT old.id, CASE WHEN NOT old.deleted THEN archive_${table.table}(old.id, old.rk, old.business_at, i.at) END FROM old JOIN i USING (id)
    ), past_deletions AS (
      UPDATE resource_history h SET replaced_at = i.at FROM i JOIN old USING (id)
      WHERE old.deleted AND h.type = '${table.type}' AND h.id = old.id AND h.version = old.version
    ), stored AS (
      INSERT INTO ${target(table)} SELECT ${SOURCE} FROM i JOIN archived USING (id) WHERE NOT i.deleted
    ), tombstones AS (
      INSERT INTO resource_history (type, ${HISTORY})
      SELECT '${table.type}', ${HISTORY.split(', ')
        .map((name) => `i.${name}`)
        .join(', ')} FROM i JOIN old USING (id) WHERE i.deleted
    )
    SELECT id FROM archived`;
}
