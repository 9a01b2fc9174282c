/**
 * Searches and histories on streaming replicas.
 *
 * A replica answers only if it has replayed all that the primary had made durable when the request came, so nobody misses
 * what they wrote, through whichever gateway; if it is behind or away, the primary answers. Reads by key always go to the
 * primary. Asking both for their place in the log costs 0.1 ms, a search several times that.
 * @see https://www.postgresql.org/docs/current/hot-standby.html
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { isConnectionLost, isInTheWay } from './errors.ts';

interface ReplicaReader {
  /** Runs `work`, which only reads, on a replica that is up to date, else on the primary. */
  read<T>(work: (pool: Pool) => Promise<T>): Promise<T>;
}

/** How often, and how long apart, a replica is asked whether it has caught up. */
const LOOKS = 3;
const LOOK_EVERY_MS = 4;
/** How long a replica that could not be reached is left alone. */
const AWAY_MS = 5_000;

export function createReplicaReader(primary: Pool, replicas: readonly Pool[]): ReplicaReader {
  const notBefore = new Map<Pool, number>();
  let turn = 0;

  function next(): Pool | undefined {
    for (let tried = 0; tried < replicas.length; tried++) {
      const pool = replicas[turn++ % replicas.length];
      if (pool && (notBefore.get(pool) ?? 0) <= Date.now()) return pool;
    }
    return undefined;
  }

  async function read<T>(work: (pool: Pool) => Promise<T>): Promise<T> {
    const replica = next();
    if (!replica) return work(primary);
    const place = await placeOf(primary);
    try {
      if (await hasReached(replica, place)) return await work(replica);
    } catch (error) {
      // Recovery cancels statements that are in its way with a serialization failure.
      if (!isConnectionLost(error) && !isInTheWay(error)) throw error;
      if (isConnectionLost(error)) notBefore.set(replica, Date.now() + AWAY_MS);
    }
    return work(primary);
  }

  return { read };
}

async function placeOf(primary: Pool): Promise<string> {
  const { rows } = await primary.query<{ place: string }>({ name: 'place', text: 'SELECT pg_current_wal_flush_lsn() AS place' });
  return rows[0]?.place ?? '';
}

async function hasReached(replica: Pool, place: string): Promise<boolean> {
  for (let look = 1; ; look++) {
    const { rows } = await replica.query<{ reached: boolean | null }>({
      name: 'has_reached',
      text: 'SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn AS reached',
      values: [place],
    });
    if (rows[0]?.reached) return true;
    if (look === LOOKS) return false;
    await sleep(LOOK_EVERY_MS);
  }
}
