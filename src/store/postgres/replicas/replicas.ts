/**
 * Reads on streaming replicas.
 *
 * A replica answers only if it has replayed what the request must see: the state that its consistency token is of, else all that
 * the primary had made durable when the request came. So nobody misses what they wrote, through whichever gateway; if it is
 * behind or away, the primary answers. Asking for a place in the log costs 0.1 ms, a search several times that.
 * @see https://www.postgresql.org/docs/current/hot-standby.html
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { ReadTerms } from '../../read-terms.ts';
import { isConnectionLost, isInTheWay } from '../errors.ts';
import { type LogPlaces, placeIn } from './log-places.ts';

interface ReplicaReader {
  /** Runs `work`, which only reads, on a replica that is new enough, else on the primary. */
  read<T>(work: (pool: Pool) => Promise<T>, terms?: ReadTerms): Promise<T>;
}

/** How long a replica may take to catch up with the primary; milliseconds. */
const CATCH_UP_MS = 8;
/** The same where a token says what it must have: the primary, which need not be up, is spared. */
const TOKEN_PATIENCE_MS = 200;
/** The first pause between two looks; each further one is twice as long. */
const FIRST_PAUSE_MS = 4;
/** How long a replica that could not be reached is left alone. */
const AWAY_MS = 5_000;

/** `places` is undefined where there are no replicas. */
export function createReplicaReader(primary: Pool, replicas: readonly Pool[], places: LogPlaces | undefined): ReplicaReader {
  if (!places) return { read: (work) => work(primary) };
  const notBefore = new Map<Pool, number>();
  /** Requests that have waited once; the rest of them goes to the primary. */
  const late = new WeakSet<ReadTerms>();
  let turn = 0;

  function next(): Pool | undefined {
    for (let tried = 0; tried < replicas.length; tried++) {
      const pool = replicas[turn++ % replicas.length];
      if (pool && (notBefore.get(pool) ?? 0) <= Date.now()) return pool;
    }
    return undefined;
  }

  async function onPrimary<T>(work: (pool: Pool) => Promise<T>, { notePrimary }: LogPlaces): Promise<T> {
    const answer = await work(primary);
    await notePrimary();
    return answer;
  }

  return {
    async read(work, terms) {
      const replica = terms && late.has(terms) ? undefined : next();
      if (!replica) return onPrimary(work, places);
      const state = terms?.after?.administrative;
      const place = state ? placeIn(state) : await places.ofPrimary();
      try {
        if (await hasReached(replica, place, state ? TOKEN_PATIENCE_MS : CATCH_UP_MS)) {
          const answer = await work(replica);
          await places.noteReplica(replica);
          return answer;
        }
        if (terms) late.add(terms);
      } catch (error) {
        // Recovery cancels statements that are in its way with a serialization failure.
        if (!isConnectionLost(error) && !isInTheWay(error)) throw error;
        if (isConnectionLost(error)) notBefore.set(replica, Date.now() + AWAY_MS);
      }
      return onPrimary(work, places);
    },
  };
}

async function hasReached(replica: Pool, place: bigint, patienceMs: number): Promise<boolean> {
  const until = performance.now() + patienceMs;
  for (let pause = FIRST_PAUSE_MS; ; pause *= 2) {
    const { rows } = await replica.query<{ reached: boolean | null }>({
      name: 'has_reached',
      text: `SELECT pg_last_wal_replay_lsn() - '0/0'::pg_lsn >= $1::numeric AS reached`,
      values: [String(place)],
    });
    if (rows[0]?.reached) return true;
    const left = until - performance.now();
    if (left <= 0) return false;
    await sleep(Math.min(pause, left));
  }
}
