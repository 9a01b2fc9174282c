/**
 * Taking a partition out of its table and putting one back, each in one short transaction.
 *
 * An empty partition keeps the place of one that is out: a trigger refuses rows for it, so that they neither wait in the
 * default partition nor begin the year anew. PostgreSQL detaches CONCURRENTLY only where there is no default partition.
 * @see https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DETACH-PARTITION
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientBase } from 'pg';
import type { AdministrativeTable } from '../business-date.ts';
import { inTransaction } from '../connections/in-transaction.ts';
import { isInTheWay } from '../errors.ts';
import { followPartitions } from '../partitions/functions.ts';
import { instantLiteral, type Slot } from '../partitions/slots.ts';
import { noteDetached } from './catalogue.ts';

/** How long searches may queue behind one attempt. */
const LOCK_TIMEOUT = '200ms';
const ATTEMPTS = 60;
const PAUSE_MS = 150;

/** Where the rows of an archived year lie until they are dropped. */
export const outside = (partition: string) => `${partition}_archived`;
/** Where the rows are put before they take their place again. */
export const restored = (partition: string) => `${partition}_restored`;

/** @throws an error with SQLSTATE 55P03 when the table was in use for too long */
export async function detach(client: ClientBase, table: AdministrativeTable, slot: Slot): Promise<void> {
  const { partition } = slot;
  await underLock(client, table, async () => {
    await client.query(`ALTER TABLE ${table.table} DETACH PARTITION ${partition}`);
    await client.query(`ALTER TABLE ${partition} RENAME TO ${outside(partition)}`);
    await client.query(
      `CREATE TABLE ${partition} (LIKE ${table.table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE INCLUDING INDEXES)`,
    );
    await client.query(`CREATE TRIGGER archived BEFORE INSERT ON ${partition} FOR EACH ROW EXECUTE FUNCTION refuse_archived()`);
    await attach(client, table, slot);
    await noteDetached(client, table, slot);
  });
}

/** Puts the table `from` in the place that is kept; rows that lie outside as well go. @throws as `detach` */
export async function putBack(client: ClientBase, table: AdministrativeTable, slot: Slot, from: string): Promise<void> {
  const { partition } = slot;
  // Proved before the lock, so that ATTACH need not look at the rows.
  const range = `${table.column} >= ${instantLiteral(slot.from)} AND ${table.column} < ${instantLiteral(slot.to)}`;
  await client.query(`ALTER TABLE ${from} DROP CONSTRAINT IF EXISTS in_range, ADD CONSTRAINT in_range CHECK (${range})`);
  await underLock(client, table, async () => {
    await client.query(`ALTER TABLE ${table.table} DETACH PARTITION ${partition}`);
    await client.query(`DROP TABLE ${partition}`);
    await client.query(`ALTER TABLE ${from} RENAME TO ${partition}`);
    await client.query(`DROP TABLE IF EXISTS ${outside(partition)}`);
    await attach(client, table, slot);
    await client.query(`ALTER TABLE ${partition} DROP CONSTRAINT in_range`);
    await client.query('DELETE FROM partition_archive WHERE partition = $1', [partition]);
  });
}

async function attach(client: ClientBase, { table }: AdministrativeTable, { partition, from, to }: Slot): Promise<void> {
  await client.query(
    `ALTER TABLE ${table} ATTACH PARTITION ${partition} FOR VALUES FROM (${instantLiteral(from)}) TO (${instantLiteral(to)})`,
  );
}

async function underLock(client: ClientBase, table: AdministrativeTable, work: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await inTransaction(client, async () => {
        await client.query(`SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
        await client.query('SELECT pg_advisory_xact_lock(hashtext($1))', [table.table]);
        // The parent first, then its partitions, as searches do.
        await client.query(`LOCK TABLE ${table.table} IN ACCESS EXCLUSIVE MODE`);
        await work();
        await followPartitions(client, table);
      });
      return;
    } catch (error) {
      if (attempt === ATTEMPTS || !isInTheWay(error)) throw error;
      await sleep(PAUSE_MS * (0.5 + Math.random()));
    }
  }
}
