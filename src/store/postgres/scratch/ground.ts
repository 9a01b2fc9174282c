/** PostgreSQL's scratch ground: the same claims in one table, and in a table partitioned by year. */
import pg from 'pg';
import type { GroundOptions, ScratchArena, ScratchGround } from '../../benchmark/scratch.ts';
import { serverCpuMs } from './cpu.ts';
import { extractOf, type PlanNode } from './plan.ts';
import { COLUMNS, FILLER, FIRST_YEAR, INDEXES, insertInto, QUERIES, type ScratchQuery, YEARS } from './records.ts';

const BATCH = 5_000;
const PREFIX = 'benchmark_';

/** Queries go over connections of their own, made like those of `search`, so that a benchmark takes none from patients' searches. */
export function openPostgresGround(maintenance: pg.Pool, search: pg.Pool, options: GroundOptions): ScratchGround {
  const schema = `${PREFIX}${options.run}`;
  const own = new pg.Pool({ ...search.options, max: options.maxConcurrency, application_name: 'meridian-benchmark' });
  own.on('error', () => undefined);
  own.on('connect', (client) => client.on('error', () => undefined));
  let isClosed = false;
  const open = (isPartitioned: boolean) => openArena(maintenance, own, schema, isPartitioned);
  return {
    engine: 'PostgreSQL',
    queries: Object.keys(QUERIES),
    baseline: open(false),
    layouts: [open(true)],
    engineCpuMs: () => serverCpuMs(own),
    cpuSource: 'PostgreSQL: /proc of the server’s processes, in steps of 10 ms; only where it runs on this machine',
    cache: async () => {
      const { rows } = await own.query<{ bytes: string }>(`SELECT pg_size_bytes(current_setting('shared_buffers')) AS bytes`);
      return { bytesPerMember: Number(rows[0]?.bytes), members: 1, baselineMembers: 1 };
    },
    async drop() {
      await maintenance.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
      if (isClosed) return;
      isClosed = true;
      await own.end();
    },
  };
}

/** Schemas that an earlier run left behind. */
export async function sweepPostgresGrounds(maintenance: pg.Pool): Promise<void> {
  const { rows } = await maintenance.query<{ name: string }>(
    `SELECT nspname AS name FROM pg_namespace WHERE nspname ~ '^${PREFIX}[0-9a-z]+$'`,
  );
  for (const { name } of rows) await maintenance.query(`DROP SCHEMA IF EXISTS ${name} CASCADE`);
}

function openArena(maintenance: pg.Pool, queries: pg.Pool, schema: string, isPartitioned: boolean): ScratchArena {
  const layout = isPartitioned ? 'partitioned' : 'unpartitioned';
  const table = `${schema}.${layout}`;
  return {
    layout,

    async load(records, isCancelled) {
      await maintenance.query(`CREATE SCHEMA IF NOT EXISTS ${schema}`);
      await maintenance.query(`CREATE TABLE ${table} (${COLUMNS})${isPartitioned ? ' PARTITION BY RANGE (billed_at)' : ''}`);
      if (isPartitioned) await createYears(maintenance, table);
      for (const columns of INDEXES) await maintenance.query(`CREATE INDEX ON ${table} ${columns}`);
      for (let start = 0; start < records && !isCancelled(); start += BATCH) {
        await maintenance.query(insertInto(table), [start, Math.min(start + BATCH, records) - 1, FILLER]);
      }
      await maintenance.query(`VACUUM (ANALYZE) ${table}`);
    },
    run: async (query, n) => {
      const { sql, values } = queryOf(query);
      return (await queries.query(sql(table), [...values(n)])).rowCount ?? 0;
    },
    explain: async (query) => {
      const { sql, values } = queryOf(query);
      const { rows } = await queries.query(`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${sql(table)}`, [...values(1)]);
      return extractOf(rows[0]['QUERY PLAN'][0].Plan as PlanNode, isPartitioned ? YEARS : 1);
    },
    async size() {
      // A table that is not partitioned is no tree, and a partitioned one holds nothing itself.
      const { rows } = await queries.query<{ bytes: string }>(
        `SELECT pg_total_relation_size($1::regclass) + coalesce(sum(pg_total_relation_size(relid)) FILTER (WHERE isleaf), 0) AS bytes
         FROM pg_partition_tree($1::regclass)`,
        [table],
      );
      const bytes = Number(rows[0]?.bytes);
      return { bytes, largestShareBytes: bytes };
    },
  };
}

function queryOf(query: string): ScratchQuery {
  const found = QUERIES[query];
  if (!found) throw new Error(`no such class of query: ${query}`);
  return found;
}

async function createYears(pool: pg.Pool, table: string): Promise<void> {
  for (let year = FIRST_YEAR; year < FIRST_YEAR + YEARS; year++) {
    await pool.query(`CREATE TABLE ${table}_${year} PARTITION OF ${table} FOR VALUES FROM ('${year}-01-01Z') TO ('${year + 1}-01-01Z')`);
  }
}
