/** The rows of a partition as lines of JSON, always in the same order and form, so that one digest stands for all of them. */
import { createHash } from 'node:crypto';
import type { ClientBase } from 'pg';

const ROWS_AT_ONCE = 100;
/** Whatever a session's settings, the same value is written in the same way. */
const PLAIN = `SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL extra_float_digits = 1; SET LOCAL statement_timeout = 0`;

export interface Digest {
  readonly rows: number;
  /** Of the lines with their line feeds, as hex digits. */
  readonly sha256: string;
}

/** The columns of a table in their order. */
export async function columnsOf(client: ClientBase, table: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(
    'SELECT attname AS name FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum',
    [table],
  );
  return rows.map(({ name }) => name);
}

/** Calls `take` with bunches of lines, each with its line feed, as the table is at one moment. */
export async function eachLine(
  client: ClientBase,
  table: string,
  columns: readonly string[],
  take: (lines: string) => unknown,
): Promise<void> {
  await client.query(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${PLAIN}`);
  try {
    await client.query(
      `DECLARE line NO SCROLL CURSOR FOR SELECT row_to_json(x)::text AS line FROM (SELECT ${columns.join(', ')} FROM ${table} ORDER BY rk, id) x`,
    );
    for (;;) {
      const { rows } = await client.query<{ line: string }>(`FETCH ${ROWS_AT_ONCE} FROM line`);
      if (rows.length === 0) break;
      await take(rows.map(({ line }) => `${line}\n`).join(''));
    }
  } finally {
    await client.query('ROLLBACK');
  }
}

/** The digest of a table's rows. */
export async function digestOf(client: ClientBase, table: string, columns: readonly string[]): Promise<Digest> {
  const sum = createDigest();
  await eachLine(client, table, columns, (lines) => sum.add(lines));
  return sum.end();
}

export function createDigest() {
  const hash = createHash('sha256');
  let rows = 0;
  return {
    add(lines: string): void {
      hash.update(lines);
      for (let at = lines.indexOf('\n'); at >= 0; at = lines.indexOf('\n', at + 1)) rows++;
    },
    end: (): Digest => ({ rows, sha256: hash.digest('hex') }),
  };
}

/** Puts lines back into a table. Those without a value for a column that came later get its default. */
export async function putLines(client: ClientBase, table: string, columns: readonly string[], lines: readonly string[]): Promise<void> {
  const names = columns.join(', ');
  await client.query(
    `INSERT INTO ${table} (${names})
     SELECT ${columns.map((name) => `x.${name}`).join(', ')} FROM unnest($1::text[]) AS l (line), json_populate_record(NULL::${table}, l.line::json) AS x`,
    [lines],
  );
}
