/**
 * Removing resources from the heads, the partitions and the history, in one transaction a type.
 *
 * Nothing finds history rows by record key but a look at all of them: an index for this rare work would be paid by every
 * update.
 */
import type { Pool, PoolClient } from 'pg';
import type { ResourceKey } from '../../model/resource.ts';
import type { ErasureStore } from '../erasure.ts';
import { createArchiveErasure } from './archive/erase.ts';
import { textArray } from './binary.ts';
import { tableOf } from './business-date.ts';
import { inTransactionOf } from './connections/in-transaction.ts';
import { untilOutOfTheWay } from './connections/out-of-the-way.ts';
import { translating } from './errors.ts';

/** A look at the whole history; milliseconds. */
const LONG_LOOK_MS = 30 * 60_000;

/** @param archiveDir where archived years are, which must go as well */
export function createPostgresErasure(pool: Pool, settle: () => Promise<void>, archiveDir: string | undefined): ErasureStore {
  const archives = createArchiveErasure(pool, archiveDir);
  return {
    archivedIn: (rk) => translating(() => archives.lyingIn(rk)),
    settle: () => translating(settle),
    lyingIn: (rk) =>
      translating(() =>
        inTransactionOf(pool, async (client) => {
          await client.query(`SET LOCAL statement_timeout = ${LONG_LOOK_MS}`);
          const { rows } = await client.query<ResourceKey>('SELECT DISTINCT type, id FROM resource_history WHERE rk = $1', [rk]);
          return rows;
        }),
      ),
    erase: (keys) =>
      translating(async () => {
        for (const [type, ofType] of Map.groupBy(keys, (key) => key.type)) {
          const ids = ofType.map(({ id }) => id);
          const archived = await archives.erase(type, ids);
          const online = ids.filter((id) => !archived.has(id));
          if (online.length > 0) await untilOutOfTheWay(() => inTransactionOf(pool, (client) => eraseOfType(client, type, online)));
        }
      }),
    erasePast: ({ type, id }, rk, versions) =>
      translating(async () => {
        const which = versions === 'all' ? 'true' : 'version = ANY ($4::integer[])';
        const values = [type, id, rk, ...(versions === 'all' ? [] : [versions])];
        await pool.query(`DELETE FROM resource_history WHERE type = $1 AND id = $2 AND rk = $3 AND ${which}`, values);
      }),
    eraseAnswers: (isSuch) =>
      translating(async () => {
        const { rows } = await pool.query<{ key: string; answer: string }>('SELECT key, answer FROM idempotency');
        const keys = rows.filter(({ answer }) => isSuch(answer)).map(({ key }) => key);
        if (keys.length > 0) await pool.query('DELETE FROM idempotency WHERE key = ANY ($1)', [keys]);
        return keys.length;
      }),
  };
}

async function eraseOfType(client: PoolClient, type: string, ids: readonly string[]): Promise<void> {
  const { table, column } = tableOf(type);
  const values = [type, textArray(ids)];
  const { rows: heads } = await client.query<{ deleted: boolean }>(
    'SELECT deleted FROM resource_head WHERE type = $1 AND id = ANY ($2::text[]) ORDER BY id FOR UPDATE',
    values,
  );
  const { rowCount } = await client.query(
    `DELETE FROM ${table} e USING resource_head h
     WHERE h.type = $1 AND h.id = ANY ($2::text[]) AND e.rk = h.rk AND e.id = h.id AND e.${column} = h.business_at`,
    values,
  );
  const current = heads.filter(({ deleted }) => !deleted).length;
  if (rowCount !== current) throw Object.assign(new Error(`rows of ${table} are moving between partitions`), { code: '40001' });
  await client.query('DELETE FROM resource_history WHERE type = $1 AND id = ANY ($2::text[])', values);
  await client.query('DELETE FROM resource_head WHERE type = $1 AND id = ANY ($2::text[])', values);
}
