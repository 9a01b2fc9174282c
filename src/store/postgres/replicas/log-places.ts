/**
 * How far PostgreSQL's log had come in all that this gateway has written and answered: what a consistency token says of this store.
 *
 * A place is a number of bytes since the log began (an LSN). It is asked for after each commit and each read, as what an answer
 * saw may be newer than any commit of this gateway. Those who ask at once share one question. Made only where replicas are.
 * @see https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-ADMIN-BACKUP
 */
import type { Pool } from 'pg';
import { createBatcher } from '../../batcher.ts';
import type { ConsistentStore } from '../../read-terms.ts';

export interface LogPlaces extends Pick<ConsistentStore, 'latestState'> {
  /** The primary's place now: whatever was committed before the call lies before it. Rejects with the driver's errors. */
  ofPrimary(): Promise<bigint>;
  /** Makes what the primary has committed part of the latest state. Never rejects. */
  notePrimary(): Promise<void>;
  /** Makes what this replica has shown so far part of the latest state. Never rejects. */
  noteReplica(pool: Pool): Promise<void>;
}

/** Rows are seen once their commit is flushed (`synchronous_commit` is on). */
const OF_PRIMARY = { name: 'place', text: `SELECT pg_current_wal_flush_lsn() - '0/0'::pg_lsn AS place` };
/** Rows are seen a moment before the place of replay tells so, but never before they are received. */
const OF_REPLICA = {
  name: 'received',
  text: `SELECT GREATEST(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) - '0/0'::pg_lsn AS place`,
};
const MOST_ASKERS = 10_000;

export function createLogPlaces(primary: Pool): LogPlaces {
  const looks = new Map<Pool, () => Promise<bigint>>();
  let latest = 0n;
  let state = bytesOf(latest);
  /** True while something was written or read at a place that could not be learnt. */
  let isUnsure = false;

  function lookAt(pool: Pool): Promise<bigint> {
    const look = looks.get(pool) ?? sharedLook(pool, pool === primary ? OF_PRIMARY : OF_REPLICA);
    looks.set(pool, look);
    return look();
  }

  function note(place: bigint): void {
    if (place <= latest) return;
    latest = place;
    state = bytesOf(place);
  }

  async function notePrimary(): Promise<void> {
    try {
      note(await lookAt(primary));
      isUnsure = false;
    } catch {
      isUnsure = true;
    }
  }

  return {
    ofPrimary: () => lookAt(primary),
    notePrimary,
    noteReplica: (pool) =>
      lookAt(pool).then(note, () => {
        isUnsure = true;
      }),
    latestState: () => (isUnsure ? undefined : state),
  };
}

/** One question at a time; it is asked after whoever waits for it has come. */
function sharedLook(pool: Pool, question: { readonly name: string; readonly text: string }): () => Promise<bigint> {
  const look = createBatcher<undefined, bigint>({
    maxItems: MOST_ASKERS,
    maxInFlight: 1,
    run: async (askers) => {
      const { rows } = await pool.query<{ place: string }>(question);
      const ok = BigInt(rows[0]?.place ?? 0);
      return askers.map(() => ({ ok }));
    },
  });
  return () => look(undefined);
}

/** The place that a state of this store is of. */
export const placeIn = (state: Uint8Array): bigint => Buffer.from(state).readBigUInt64BE();

/** The later of two states. */
export const laterOfPlaces = (one: Uint8Array, other: Uint8Array): Uint8Array => (placeIn(other) > placeIn(one) ? other : one);

function bytesOf(place: bigint): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(place);
  return bytes;
}
