/**
 * Whether the streaming replicas hold what the primary holds, at one place in its log.
 *
 * Nothing makes two servers take one snapshot, so writers are held up for the moment in which both take theirs: a lock on the
 * tables, the primary's place in the log, the replicas' arrival there. What is read afterwards is read without any lock.
 * @see https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';
import { compareMembers, differencesIn, setProof } from '../../proof/compare-members.ts';
import type { MemberReading, SetProof } from '../../proof/proof.ts';
import type { Pools } from '../connections/pools.ts';
import { digestsOf, hostOf, PROVEN_TABLES, rowsOf, takeSnapshot } from './member.ts';

const NAME = 'postgresql';
/** How long writers are waited for, and how long they then wait for the replicas; milliseconds. */
const LOCK_WITHIN_MS = 2_000;
const REACH_WITHIN_MS = 3_000;
const LOOK_EVERY_MS = 5;

interface Member {
  readonly host: string;
  readonly client: PoolClient;
}

/** `incomplete`, with the reason, where the moment could not be had: somebody writes for longer than 2 s. */
export async function proveReplicas({ maintenance, search, replicas }: Pools): Promise<SetProof> {
  const set = { engine: 'PostgreSQL', name: NAME } as const;
  const nothing = { members: [], ranges: [], divergences: [], isCut: false };
  if (replicas.length === 0) return { ...set, verdict: 'not configured', ...nothing };
  const members: Member[] = [];
  const unread: MemberReading[] = [];
  try {
    const at = await takeTogether(maintenance, search, replicas, members, unread);
    const readings = await Promise.all(members.map(readingOf));
    const compared = compareMembers([...readings, ...unread]);
    const readable = members.filter((_, index) => 'ranges' in (readings[index] as MemberReading));
    const listsOf = (collection: string, range: string) =>
      readable.map(({ host, client }) => ({ host, entries: rowsOf(client, collection, range) }));
    return setProof({ ...set, at }, compared, await differencesIn(compared.differing, listsOf));
  } catch (error) {
    return { ...set, verdict: 'incomplete', ...nothing, problem: (error as Error).message };
  } finally {
    await Promise.all(members.map(({ client }) => giveBack(client)));
  }
}

/** Snapshots of the primary and of each replica that gets there in time. Gives the place in the log. */
async function takeTogether(
  locking: Pool,
  primary: Pool,
  replicas: readonly Pool[],
  members: Member[],
  unread: MemberReading[],
): Promise<string> {
  const lock = await locking.connect();
  try {
    await lock.query('BEGIN');
    await lock.query(`SET LOCAL lock_timeout = ${LOCK_WITHIN_MS}`);
    await lock.query(`LOCK TABLE ${PROVEN_TABLES.map(({ table }) => table).join(', ')} IN SHARE MODE`);
    members.push(await memberOf(primary));
    const { rows } = await lock.query<{ place: string }>('SELECT pg_current_wal_flush_lsn() AS place');
    const place = rows[0]?.place ?? '';
    await Promise.all(
      replicas.map(async (pool, index) => {
        const host = pool.options.host ?? `replica ${index + 1}`;
        try {
          await untilReached(pool, place);
          members.push(await memberOf(pool));
        } catch (error) {
          unread.push({ host, problem: (error as Error).message });
        }
      }),
    );
    return place;
  } finally {
    await giveBack(lock);
  }
}

/** Ends the transaction and with it locks and snapshot. */
async function giveBack(client: PoolClient): Promise<void> {
  const lost = await client.query('ROLLBACK').then(
    () => undefined,
    (error: Error) => error,
  );
  client.release(lost);
}

async function memberOf(pool: Pool): Promise<Member> {
  const client = await pool.connect();
  try {
    const host = await hostOf(client);
    await takeSnapshot(client);
    return { host, client };
  } catch (error) {
    client.release(error as Error);
    throw error;
  }
}

async function untilReached(pool: Pool, place: string): Promise<void> {
  for (const giveUpAt = performance.now() + REACH_WITHIN_MS; ; await sleep(LOOK_EVERY_MS)) {
    const { rows } = await pool.query<{ reached: boolean | null }>('SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn AS reached', [place]);
    if (rows[0]?.reached) return;
    if (performance.now() > giveUpAt) throw new Error(`it has not replayed the log up to ${place} within ${REACH_WITHIN_MS / 1_000} s`);
  }
}

async function readingOf({ host, client }: Member): Promise<MemberReading> {
  try {
    return { host, ranges: await digestsOf(client) };
  } catch (error) {
    return { host, problem: (error as Error).message };
  }
}
