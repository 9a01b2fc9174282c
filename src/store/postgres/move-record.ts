/** A record's new key in heads, partitions and history. No row changes its partition by it. */
import type { Pool, PoolClient } from 'pg';
import type { RecordRenamer } from '../record-moves.ts';
import { textArray } from './binary.ts';
import { tableOf } from './business-date.ts';
import { inTransactionOf } from './connections/in-transaction.ts';
import { untilOutOfTheWay } from './connections/out-of-the-way.ts';
import { translating } from './errors.ts';

const AT_ONCE = 500;

export function createPostgresRenamer(pool: Pool): RecordRenamer {
  return {
    rename: (keys, from, to) =>
      translating(async () => {
        for (const [type, ofType] of Map.groupBy(keys, (key) => key.type)) {
          for (let start = 0; start < ofType.length; start += AT_ONCE) {
            const ids = ofType.slice(start, start + AT_ONCE).map(({ id }) => id);
            await untilOutOfTheWay(() => inTransactionOf(pool, (client) => renameOfType(client, type, ids, from, to)));
          }
        }
      }),
  };
}

async function renameOfType(client: PoolClient, type: string, ids: readonly string[], from: string, to: string): Promise<void> {
  const { table, column } = tableOf(type);
  const heads = await client.query<{ id: string; deleted: boolean }>(
    'SELECT id, deleted FROM resource_head WHERE type = $1 AND id = ANY ($2::text[]) AND rk = $3 ORDER BY id FOR UPDATE',
    [type, textArray(ids), from],
  );
  if (heads.rows.length === 0) return;
  const { rows } = await client.query<{ id: string }>(
    `UPDATE ${table} e SET rk = $4 FROM resource_head h
     WHERE h.type = $1 AND h.id = ANY ($2::text[]) AND h.rk = $3 AND e.rk = h.rk AND e.id = h.id AND e.${column} = h.business_at
     RETURNING e.id`,
    [type, textArray(ids), from, to],
  );
  // What lies in an archive is found, when it comes back, by the key that it has there.
  const renamed = [...rows, ...heads.rows.filter(({ deleted }) => deleted)].map(({ id }) => id);
  for (const name of ['resource_head', 'resource_history']) {
    const values = [type, textArray(renamed), from, to];
    await client.query(`UPDATE ${name} SET rk = $4 WHERE type = $1 AND id = ANY ($2::text[]) AND rk = $3`, values);
  }
}
