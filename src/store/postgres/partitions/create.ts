import type { ClientBase } from 'pg';
import type { PartitionedTable } from '../business-date.ts';
import { inTransaction } from '../connections/in-transaction.ts';
import { followPartitions } from './functions.ts';
import { listSlots } from './list-slots.ts';
import { defaultPartition, instantLiteral, type Slot } from './slots.ts';

/** How long one attempt waits for a lock, so that readers never queue behind it for longer. */
const LOCK_TIMEOUT = '200ms';

/**
 * Creates partitions that are not there yet, in one transaction of its own, and moves the rows that wait for them in the
 * default partition. Gateways that do the same at once wait for each other.
 *
 * Without rows to move, readers and writers go on: `ATTACH` needs the default partition alone for a moment. To move rows
 * takes the whole table for as long as it lasts, else a search could look in both places too early and too late.
 * @throws an error with SQLSTATE 55P03 when somebody held a lock for too long: try again
 */
export async function createPartitions(client: ClientBase, table: PartitionedTable, wanted: readonly Slot[]): Promise<void> {
  await inTransaction(client, async () => {
    await client.query(`SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
    await client.query('SELECT pg_advisory_xact_lock(hashtext($1))', [table.table]);
    const known = new Set((await listSlots(client, table)).map(({ partition }) => partition));
    const missing = wanted.filter(({ partition }) => !known.has(partition));
    if (missing.length > 0) await addPartitions(client, table, missing);
  });
}

async function addPartitions(client: ClientBase, table: PartitionedTable, slots: readonly Slot[]): Promise<void> {
  const home = defaultPartition(table);
  await client.query('SAVEPOINT before_locks');
  await client.query(`LOCK TABLE ${home} IN ACCESS EXCLUSIVE MODE`);
  const isWaiting = await haveRows(client, table, slots);
  if (isWaiting) {
    // The parent first, then the default, as searches do; the other way round would deadlock with them.
    await client.query('ROLLBACK TO before_locks');
    await client.query(`LOCK TABLE ${table.table} IN ACCESS EXCLUSIVE MODE`);
  }
  for (const slot of slots) await addPartition(client, table, slot, isWaiting);
  await followPartitions(client, table);
}

async function haveRows(client: ClientBase, table: PartitionedTable, slots: readonly Slot[]): Promise<boolean> {
  const ranges = slots.map((slot) => isWithin(table, slot)).join(' OR ');
  const { rows } = await client.query<{ found: boolean }>(
    `SELECT EXISTS (SELECT FROM ${defaultPartition(table)} WHERE ${ranges}) AS found`,
  );
  return rows[0]?.found ?? false;
}

const isWithin = ({ column }: PartitionedTable, { from, to }: Slot) =>
  `(${column} >= ${instantLiteral(from)} AND ${column} < ${instantLiteral(to)})`;

async function addPartition(client: ClientBase, table: PartitionedTable, slot: Slot, isWaiting: boolean): Promise<void> {
  // LIKE and ATTACH take weaker locks than CREATE TABLE … PARTITION OF.
  await client.query(
    `CREATE TABLE ${slot.partition} (LIKE ${table.table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE INCLUDING INDEXES)`,
  );
  if (isWaiting) {
    await client.query(
      `WITH waiting AS (DELETE FROM ${defaultPartition(table)} WHERE ${isWithin(table, slot)} RETURNING *) INSERT INTO ${slot.partition} SELECT * FROM waiting`,
    );
  }
  await client.query(
    `ALTER TABLE ${table.table} ATTACH PARTITION ${slot.partition} FOR VALUES FROM (${instantLiteral(slot.from)}) TO (${instantLiteral(slot.to)})`,
  );
}
