/** The second half of a two-phase commit: finishing what is prepared. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { isInTheWay, isNoSuchPrepared, isPreparedBusy } from '../errors.ts';

const ATTEMPTS = 100;
const PAUSE_MS = 50;

/** Commits or rolls back. A transaction that is not there was finished by another; a busy one is being finished. */
export async function finishPrepared(pool: Pool, verb: 'COMMIT' | 'ROLLBACK', gid: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await pool.query(`${verb} PREPARED '${gid.replaceAll("'", "''")}'`);
      return;
    } catch (error) {
      if (isNoSuchPrepared(error)) return;
      if (attempt === ATTEMPTS || !(isPreparedBusy(error) || isInTheWay(error))) throw error;
      await sleep(PAUSE_MS);
    }
  }
}

/** Names of this database's prepared transactions that start with `prefix`, oldest first. */
export async function listPrepared(pool: Pool, prefix: string): Promise<string[]> {
  const { rows } = await pool.query<{ gid: string }>(
    'SELECT gid FROM pg_prepared_xacts WHERE database = current_database() AND starts_with(gid, $1) ORDER BY prepared',
    [prefix],
  );
  return rows.map(({ gid }) => gid);
}
