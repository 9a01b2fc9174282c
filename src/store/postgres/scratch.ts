/** PostgreSQL's scratch arenas: the same claims in one table, and in a table partitioned by year. */
import type { Pool } from 'pg';
import type { ScratchArena } from '../scratch.ts';

const YEARS = 8;
const FIRST_YEAR = 2018;
const BATCH = 5_000;
const FILLER = 'x'.repeat(600);

interface ScratchQuery {
  readonly sql: (table: string) => string;
  readonly values: (n: number) => unknown[];
}

const yearOf = (n: number) => FIRST_YEAR + (n % YEARS);

const QUERIES: Readonly<Record<string, ScratchQuery>> = {
  'one patient, one year': {
    sql: (table) => `SELECT id, raw FROM ${table} WHERE patient = $1 AND billed_at >= $2::date AND billed_at < $3::date`,
    values: (n) => [`p${n % 400}`, `${yearOf(n)}-01-01`, `${yearOf(n) + 1}-01-01`],
  },
  'a month by status, summed': {
    sql: (table) =>
      `SELECT status, count(*) AS n, sum(amount) AS total FROM ${table} WHERE billed_at >= $1::date AND billed_at < $2::date GROUP BY status`,
    values: (n) => [`${yearOf(n)}-${month(n)}-01`, `${yearOf(n)}-${month(n)}-28`],
  },
  'a year by status, summed': {
    sql: (table) =>
      `SELECT status, count(*) AS n, sum(amount) AS total FROM ${table} WHERE billed_at >= $1::date AND billed_at < $2::date GROUP BY status`,
    values: (n) => [`${yearOf(n)}-01-01`, `${yearOf(n) + 1}-01-01`],
  },
  'latest of a year': {
    sql: (table) => `SELECT id, raw FROM ${table} WHERE billed_at >= $1::date AND billed_at < $2::date ORDER BY billed_at DESC LIMIT 20`,
    values: (n) => [`${yearOf(n)}-01-01`, `${yearOf(n) + 1}-01-01`],
  },
};

const month = (n: number) => String(1 + (n % 12)).padStart(2, '0');

/** An arena in a schema of its own, named after `run`. Both layouts have the same indexes. */
export function openPostgresArena(maintenance: Pool, search: Pool, layout: 'partitioned' | 'unpartitioned', run: string): ScratchArena {
  const schema = `benchmark_${run.replaceAll(/\W/g, '')}_${layout}`;
  const table = `${schema}.claim`;

  return {
    layout,
    queries: Object.keys(QUERIES),

    async load(records, isCancelled) {
      await maintenance.query(`CREATE SCHEMA ${schema}`);
      const columns = 'id text, patient text, status text, amount numeric, billed_at timestamptz NOT NULL, raw text';
      await maintenance.query(`CREATE TABLE ${table} (${columns})${layout === 'partitioned' ? ' PARTITION BY RANGE (billed_at)' : ''}`);
      if (layout === 'partitioned') await createYears(maintenance, table);
      await maintenance.query(`CREATE INDEX ON ${table} (patient, billed_at)`);
      await maintenance.query(`CREATE INDEX ON ${table} (billed_at)`);
      for (let start = 0; start < records && !isCancelled(); start += BATCH) {
        await maintenance.query(INSERT(table), [start, Math.min(start + BATCH, records) - 1, FILLER]);
      }
      await maintenance.query(`ANALYZE ${table}`);
    },

    async run(query, n) {
      const { sql, values } = QUERIES[query] as ScratchQuery;
      return (await search.query(sql(table), values(n))).rowCount ?? 0;
    },

    async explain(query) {
      const { sql, values } = QUERIES[query] as ScratchQuery;
      const { rows } = await search.query(`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${sql(table)}`, values(1));
      return extractOf(rows[0]['QUERY PLAN'][0].Plan as PlanNode);
    },

    async drop() {
      await maintenance.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
    },
  };
}

async function createYears(pool: Pool, table: string): Promise<void> {
  for (let year = FIRST_YEAR; year < FIRST_YEAR + YEARS; year++) {
    await pool.query(`CREATE TABLE ${table}_${year} PARTITION OF ${table} FOR VALUES FROM ('${year}-01-01Z') TO ('${year + 1}-01-01Z')`);
  }
}

/** Claims numbered from $1 to $2, spread evenly over patients, statuses and days. */
const INSERT = (table: string) => `
  INSERT INTO ${table}
  SELECT 'c' || n, 'p' || n % 400, (ARRAY['active', 'cancelled', 'draft'])[1 + n % 3], (n * 37 % 10000) / 10.0,
         timestamptz '${FIRST_YEAR}-01-01Z' + make_interval(days => (n * 7919 % ${YEARS * 365})::int), $3
  FROM generate_series($1::bigint, $2::bigint) AS n`;

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows'?: number;
  readonly 'Shared Hit Blocks'?: number;
  readonly 'Shared Read Blocks'?: number;
  readonly Plans?: readonly PlanNode[];
}

function extractOf(plan: PlanNode): Readonly<Record<string, unknown>> {
  const nodes: PlanNode[] = [];
  const visit = (node: PlanNode) => {
    nodes.push(node);
    node.Plans?.forEach(visit);
  };
  visit(plan);
  const relations = [...new Set(nodes.map((node) => node['Relation Name']).filter((name) => name !== undefined))];
  const blocks = (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0);
  return { scans: [...new Set(nodes.map((node) => node['Node Type']))], relations, blocks, returned: plan['Actual Rows'] };
}
