/** Which partitions are there, and making those that a write needs. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { AUDIT_TABLE } from '../audit/table.ts';
import { ADMINISTRATIVE_TABLES, type PartitionedTable } from '../business-date.ts';
import { isDuplicateTable, isInTheWay } from '../errors.ts';
import { createPartitions } from './create.ts';
import { listSlots } from './list-slots.ts';
import { defaultPartition, type Slot, slotOf } from './slots.ts';

export interface PartitionCatalogue {
  /**
   * Makes the partitions that these business dates (milliseconds) need. Where a lock can't be had for seconds it gives up:
   * the rows then wait in the default partition.
   */
  ensure(table: PartitionedTable, dates: readonly number[]): Promise<void>;
  /** Makes the partitions that rows in the default partitions wait for. Gives how many. */
  adoptWaiting(): Promise<number>;
}

const ATTEMPTS = 20;
const PAUSE_MS = 100;
/** How long a table whose partition could not be made is left alone. */
const RETRY_AFTER_MS = 30_000;

export function createPartitionCatalogue(pool: Pool, log: (message: string) => void): PartitionCatalogue {
  const known = new Map<string, Set<string>>();
  const underWay = new Map<string, Promise<void>>();
  const notBefore = new Map<string, number>();

  async function load(table: PartitionedTable): Promise<Set<string>> {
    const slots = new Set((await listSlots(pool, table)).map(({ partition }) => partition));
    known.set(table.table, slots);
    return slots;
  }

  async function add(table: PartitionedTable, slots: readonly Slot[]): Promise<void> {
    const client = await pool.connect();
    try {
      for (let attempt = 1; ; attempt++) {
        try {
          await createPartitions(client, table, slots);
          break;
        } catch (error) {
          if (attempt === ATTEMPTS || !(isInTheWay(error) || isDuplicateTable(error))) throw error;
          await sleep(PAUSE_MS * Math.random() + PAUSE_MS / 2);
        }
      }
    } finally {
      client.release();
    }
    await load(table);
  }

  /** One at a time for each table: what the first one makes, the next need not. */
  async function ensure(table: PartitionedTable, dates: readonly number[]): Promise<void> {
    if (missingFrom(table, dates, known.get(table.table)).length === 0) return;
    await underWay.get(table.table);
    const missing = missingFrom(table, dates, known.get(table.table) ?? (await load(table)));
    if (missing.length === 0 || Date.now() < (notBefore.get(table.table) ?? 0)) return;
    const work = add(table, missing).catch((error: unknown) => {
      if (!isInTheWay(error)) throw error;
      notBefore.set(table.table, Date.now() + RETRY_AFTER_MS);
      log(`${missing.map(({ partition }) => partition).join(', ')} could not be made: rows wait in ${defaultPartition(table)}`);
    });
    const settled = work.catch(() => undefined);
    underWay.set(table.table, settled);
    await work.finally(() => underWay.get(table.table) === settled && underWay.delete(table.table));
  }

  async function adoptWaiting(): Promise<number> {
    let count = 0;
    for (const table of [...ADMINISTRATIVE_TABLES, AUDIT_TABLE]) {
      const { rows } = await pool.query<{ ms: number }>(
        `SELECT DISTINCT (extract(epoch FROM date_trunc('${table.step}', ${table.column}, 'UTC')) * 1000)::float8 AS ms
         FROM ${defaultPartition(table)} WHERE isfinite(${table.column})`,
      );
      const dates = rows.map(({ ms }) => ms).filter((ms) => slotOf(table, ms));
      if (dates.length === 0) continue;
      await load(table);
      notBefore.delete(table.table);
      await ensure(table, dates);
      count += dates.length;
    }
    return count;
  }

  return { ensure, adoptWaiting };
}

/** `have` undefined: nothing is known yet, so everything may be missing. */
function missingFrom(table: PartitionedTable, dates: readonly number[], have: ReadonlySet<string> | undefined): Slot[] {
  const missing = new Map<string, Slot>();
  let slot: Slot | undefined;
  for (const date of dates) {
    // Of a batch most fall into the slot of the one before.
    if (slot && date >= slot.from && date < slot.to) continue;
    slot = slotOf(table, date);
    if (slot && !have?.has(slot.partition)) missing.set(slot.partition, slot);
  }
  return [...missing.values()];
}
