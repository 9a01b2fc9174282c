/** A table's partition by type and year. */
import type { Pool } from 'pg';
import { unavailable } from '../../../model/error.ts';
import type { PartitionMeasure } from '../../administration.ts';
import { tableOf } from '../business-date.ts';
import type { PartitionCatalogue } from '../partitions/catalogue.ts';
import { listSlots } from '../partitions/list-slots.ts';
import { defaultPartition, instantLiteral, slotOf } from '../partitions/slots.ts';
import type { ArchiveTarget } from './archive.ts';

export function targetOf(type: string, year: number): ArchiveTarget {
  const table = tableOf(type);
  const slot = slotOf(table, new Date(0).setUTCFullYear(year, 0, 1));
  if (!slot) throw new Error(`no partition is for the year ${year}`);
  return { table, slot };
}

/** Counts what a year holds. */
export async function measureYear(pool: Pool, { table, slot }: ArchiveTarget): Promise<PartitionMeasure> {
  const { partition, from, to } = slot;
  const isThere = (await listSlots(pool, table)).some((each) => each.partition === partition);
  const within = `${table.column} >= ${instantLiteral(from)} AND ${table.column} < ${instantLiteral(to)}`;
  const { rows } = await pool.query<{ rows: number; bytes: number; waiting: number }>(
    `SELECT ${isThere ? `(SELECT count(*) FROM ${partition})::float8` : '0'} AS rows,
            coalesce(pg_total_relation_size(to_regclass($1)), 0)::float8 AS bytes,
            (SELECT count(*) FROM ${defaultPartition(table)} WHERE ${within})::float8 AS waiting`,
    [partition],
  );
  return { partition, isThere, ...(rows[0] ?? { rows: 0, bytes: 0, waiting: 0 }) };
}

/** @throws FhirError 503 when the table was in use for too long */
export async function addYear(
  pool: Pool,
  partitions: PartitionCatalogue,
  { table, slot }: ArchiveTarget,
): Promise<{ readonly partition: string; readonly isNew: boolean }> {
  const isThere = async () => (await listSlots(pool, table)).some(({ partition }) => partition === slot.partition);
  if (await isThere()) return { partition: slot.partition, isNew: false };
  await partitions.ensure(table, [slot.from]);
  if (!(await isThere())) throw unavailable(`${table.table} was in use for too long: ${slot.partition} could not be made`, 5);
  return { partition: slot.partition, isNew: true };
}
