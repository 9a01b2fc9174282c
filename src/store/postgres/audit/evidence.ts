/** The audit as it lies in PostgreSQL, for whoever checks it. */
import type pg from 'pg';
import type { StoredEvent } from '../../../audit/verify.ts';
import { listSlots } from '../partitions/list-slots.ts';
import { defaultPartition, instantLiteral } from '../partitions/slots.ts';
import { AUDIT_TABLE } from './table.ts';

const AT_ONCE = 5_000;
const DAY_MS = 86_400_000;

/** The chains by their numbers, with their heads. */
export async function readChains(client: pg.ClientBase) {
  const { rows } = await client.query<{ number: number; name: string; seq: number; hash: string }>(
    `SELECT number, name, seq::float8 AS seq, encode(hash, 'hex') AS hash FROM audit_chain`,
  );
  return new Map(rows.map(({ number, ...chain }) => [number, chain]));
}

export async function readRoots(client: pg.ClientBase): Promise<readonly string[]> {
  const { rows } = await client.query<{ signed: string }>('SELECT signed FROM audit_root ORDER BY chain, seq');
  return rows.map(({ signed }) => signed);
}

/** All events, day by day; within a chain by number. In a transaction of one snapshot, so that what is added meanwhile is not seen. */
export async function* readEvents(client: pg.ClientBase): AsyncGenerator<readonly StoredEvent[]> {
  for (const within of await periods(client)) {
    await client.query(
      `DECLARE events NO SCROLL CURSOR FOR
       SELECT chain, seq::float8 AS seq, (extract(epoch FROM recorded_at) * 1000)::float8 AS recorded, record AS text, encode(hash, 'hex') AS hash
       FROM auditevent WHERE ${within} ORDER BY chain, seq`,
    );
    for (;;) {
      const { rows } = await client.query<StoredEvent>(`FETCH ${AT_ONCE} FROM events`);
      if (rows.length === 0) break;
      yield rows;
    }
    await client.query('CLOSE events');
  }
}

/** Conditions that together mean every event: days with a partition, days of rows that wait for one, and no day at all. */
async function periods(client: pg.ClientBase): Promise<readonly string[]> {
  const { rows } = await client.query<{ ms: number }>(
    `SELECT DISTINCT (extract(epoch FROM date_trunc('day', recorded_at, 'UTC')) * 1000)::float8 AS ms
     FROM ${defaultPartition(AUDIT_TABLE)} WHERE isfinite(recorded_at)`,
  );
  const days = [...(await listSlots(client, AUDIT_TABLE)).map(({ from }) => from), ...rows.map(({ ms }) => ms)].sort((a, b) => a - b);
  const within = (from: number) => `recorded_at >= ${instantLiteral(from)} AND recorded_at < ${instantLiteral(from + DAY_MS)}`;
  return [...days.map(within), 'NOT isfinite(recorded_at)'];
}
