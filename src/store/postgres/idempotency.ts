import type { Pool } from 'pg';
import type { Idempotency } from '../store.ts';

/** The record with this key, if a commit kept one. */
export async function findIdempotency(pool: Pool, key: string): Promise<Idempotency | undefined> {
  const { rows } = await pool.query<Idempotency>('SELECT key, body_hash AS "bodyHash", answer FROM idempotency WHERE key = $1', [key]);
  return rows[0];
}

/** Removes records older than `before`. Gives how many. */
export async function sweepIdempotency(pool: Pool, before: Date): Promise<number> {
  const { rowCount } = await pool.query('DELETE FROM idempotency WHERE at < $1', [before]);
  return rowCount ?? 0;
}
