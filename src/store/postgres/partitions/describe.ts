import type { Pool } from 'pg';
import { AUDIT_TABLE } from '../audit/table.ts';
import { ADMINISTRATIVE_TABLES, tableOf } from '../business-date.ts';
import { equalsQuery, patientLexeme } from '../lexeme.ts';
import { listSlots } from './list-slots.ts';
import { defaultPartition } from './slots.ts';

const TABLES = [...ADMINISTRATIVE_TABLES, { ...AUDIT_TABLE, type: 'AuditEvent' }];

/** One partition, as PostgreSQL reports it. */
export interface PartitionDescription {
  readonly type: string;
  readonly table: string;
  readonly partition: string;
  /** What it holds: [from, to), ISO instants; neither for the default partition. */
  readonly from?: string;
  readonly to?: string;
  readonly isDefault: boolean;
  /** Live rows, as PostgreSQL's statistics estimate them; exact for default partitions. */
  readonly rows: number;
  /** Table, indexes and out-of-line values. */
  readonly bytes: number;
  readonly lastAnalysed?: Date;
  /** Of a default partition: rows whose date has or should have a partition of its own. */
  readonly waiting?: number;
}

/** Every partition of every table, by table and time, the default last. */
export async function describePartitions(pool: Pool): Promise<PartitionDescription[]> {
  const { rows } = await pool.query<{ name: string; rows: number; bytes: number; analysed: Date | null }>(
    `SELECT c.relname AS name, greatest(c.reltuples, s.n_live_tup, 0)::float8 AS rows, pg_total_relation_size(c.oid)::float8 AS bytes,
            greatest(s.last_analyze, s.last_autoanalyze) AS analysed
     FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid LEFT JOIN pg_stat_user_tables s ON s.relid = c.oid
     WHERE i.inhparent = ANY ($1::text[]::regclass[])`,
    [TABLES.map(({ table }) => table)],
  );
  const measured = new Map(rows.map((row) => [row.name, row]));
  const described: PartitionDescription[] = [];
  for (const table of TABLES) {
    const common = (partition: string) => {
      const { bytes = 0, analysed = null } = measured.get(partition) ?? {};
      return { type: table.type, table: table.table, partition, bytes, ...(analysed && { lastAnalysed: analysed }) };
    };
    for (const { partition, from, to } of await listSlots(pool, table)) {
      const range = { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
      described.push({ ...common(partition), ...range, isDefault: false, rows: measured.get(partition)?.rows ?? 0 });
    }
    const home = defaultPartition(table);
    const counted = await pool.query<{ n: number; waiting: number }>(
      `SELECT count(*)::float8 AS n, count(*) FILTER (WHERE isfinite(${table.column}))::float8 AS waiting FROM ${home}`,
    );
    const { n = 0, waiting = 0 } = counted.rows[0] ?? {};
    described.push({ ...common(home), isDefault: true, rows: n, waiting });
  }
  return described;
}

/** How many of a patient's resources of one type a partition holds. */
interface PatientPartition {
  readonly type: string;
  readonly partition: string;
  readonly rows: number;
}

/** The partitions that hold a patient's ("Patient/123") admissions and claims. */
export async function partitionsOf(
  pool: Pool,
  reference: string,
  types: readonly string[] = ['Encounter', 'Claim'],
): Promise<PatientPartition[]> {
  const parts = types.map(
    (type) => `SELECT '${tableOf(type).type}' AS type, e.tableoid::regclass::text AS partition, count(*)::float8 AS rows
      FROM ${tableOf(type).table} e WHERE e.s @@ $1::tsquery GROUP BY e.tableoid`,
  );
  const { rows } = await pool.query<PatientPartition>(`${parts.join(' UNION ALL ')} ORDER BY type DESC, partition`, [
    equalsQuery(patientLexeme(reference)),
  ]);
  return rows;
}
