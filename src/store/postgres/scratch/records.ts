/** Generated claims, and the queries that are asked of them. */

export const FIRST_YEAR = 2018;
/** Over how many years the claims are spread. */
export const YEARS = 8;
const PATIENTS = 400;

/** Of a scratch table, as SQL. */
export const COLUMNS = 'id text, patient text, status text, amount numeric, billed_at timestamptz NOT NULL, raw text';

/** The same on both layouts. */
export const INDEXES = ['(id)', '(patient, billed_at)', '(status, billed_at)', '(billed_at)'] as const;

/** Claims numbered from $1 to $2, spread evenly over patients, statuses and days; $3 fills each up. */
export const insertInto = (table: string) => `
  INSERT INTO ${table}
  SELECT 'c' || n, 'p' || n % ${PATIENTS}, (ARRAY['active', 'cancelled', 'draft'])[1 + n / 7 % 3], (n * 37 % 10000) / 10.0,
         timestamptz '${FIRST_YEAR}-01-01Z' + make_interval(days => (n * 7919 % ${YEARS * 365})::int), $3
  FROM generate_series($1::bigint, $2::bigint) AS n`;

/** Makes a row as long as a claim is. */
export const FILLER = 'x'.repeat(600);

export interface ScratchQuery {
  readonly sql: (table: string) => string;
  readonly values: (n: number) => readonly unknown[];
}

const yearOf = (n: number) => FIRST_YEAR + (n % YEARS);
const ofYear = (n: number) => [`${yearOf(n)}-01-01Z`, `${yearOf(n) + 1}-01-01Z`];
const STATUSES = ['active', 'cancelled', 'draft'];

function ofMonth(n: number): readonly string[] {
  const month = n % 12;
  return [new Date(Date.UTC(yearOf(n), month, 1)).toISOString(), new Date(Date.UTC(yearOf(n), month + 1, 1)).toISOString()];
}

/** By class; `n` varies what is asked for. One class names no date, so that no partition can be left out: it is there to show the price. */
export const QUERIES: Readonly<Record<string, ScratchQuery>> = {
  'read by id, no date': {
    sql: (table) => `SELECT id, raw FROM ${table} WHERE id = $1`,
    values: (n) => [`c${n}`],
  },
  'one patient, one year': {
    sql: (table) => `SELECT id, raw FROM ${table} WHERE patient = $1 AND billed_at >= $2 AND billed_at < $3`,
    values: (n) => [`p${n % PATIENTS}`, ...ofYear(n)],
  },
  'population, equal status, a month': {
    sql: (table) => `SELECT id, raw FROM ${table} WHERE status = $1 AND billed_at >= $2 AND billed_at < $3`,
    values: (n) => [STATUSES[n % 3], ...ofMonth(n)],
  },
  'population, a month': {
    sql: (table) => `SELECT id, raw FROM ${table} WHERE billed_at >= $1 AND billed_at < $2`,
    values: (n) => ofMonth(n),
  },
  'population, sorted page of a year': {
    sql: (table) => `SELECT id, raw FROM ${table} WHERE billed_at >= $1 AND billed_at < $2 ORDER BY billed_at DESC, id LIMIT 20`,
    values: (n) => ofYear(n),
  },
  'population, a year by status, summed': {
    sql: (table) => `SELECT status, count(*), sum(amount) FROM ${table} WHERE billed_at >= $1 AND billed_at < $2 GROUP BY status`,
    values: (n) => ofYear(n),
  },
  'population, aggregate by year': {
    sql: (table) =>
      `SELECT extract(year FROM billed_at AT TIME ZONE 'UTC') AS year, count(*), sum(amount) FROM ${table} WHERE status = $1 GROUP BY 1`,
    values: (n) => [STATUSES[n % 3]],
  },
  'population, scan of a year without index': {
    sql: (table) => `SELECT count(*) FROM ${table} WHERE amount >= $1 AND billed_at >= $2 AND billed_at < $3`,
    values: (n) => [n % 900, ...ofYear(n)],
  },
};
