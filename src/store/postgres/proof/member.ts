/** One PostgreSQL server, read under one snapshot: digests by range that the server works out itself. */
import type { PoolClient } from 'pg';
import type { KeyedDigest } from '../../proof/compare-members.ts';
import { RANGE_LENGTH, type RangeDigest } from '../../proof/proof.ts';
import { ADMINISTRATIVE_TABLES } from '../business-date.ts';

interface ProvenTable {
  readonly table: string;
  /** SQL of a row's name; unique in the table. */
  readonly key: string;
}

/** What holds resources: current versions, past ones, and the heads. */
export const PROVEN_TABLES: readonly ProvenTable[] = [
  ...ADMINISTRATIVE_TABLES.map(({ table, type }) => ({ table, key: `'${type}/' || t.id` })),
  { table: 'resource_head', key: `t.type || '/' || t.id` },
  { table: 'resource_history', key: `t.type || '/' || t.id || '/_history/' || t.version` },
];

/** A row as text reads the same on every server under these. */
const SETTINGS = [
  'TimeZone = UTC',
  `DateStyle = 'ISO, MDY'`,
  'extra_float_digits = 1',
  `bytea_output = 'hex'`,
  `statement_timeout = '5min'`,
];
const ROW_DIGEST = `sha256(convert_to(t::text, 'UTF8'))`;
const RANGE = `substr(t.rk, 1, ${RANGE_LENGTH})`;
const FETCH = 2_000;

/** Takes the snapshot that everything is then read under, until the transaction ends. */
export async function takeSnapshot(client: PoolClient): Promise<void> {
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  for (const setting of SETTINGS) await client.query(`SET LOCAL ${setting}`);
  await client.query('SELECT count(*) FROM (SELECT FROM resource_head LIMIT 1) AS any_row');
}

/** `host:port` as the server knows itself. */
export async function hostOf(client: PoolClient): Promise<string> {
  const { rows } = await client.query<{ host: string }>(
    `SELECT coalesce(host(inet_server_addr()), 'local') || ':' || inet_server_port() AS host`,
  );
  return rows[0]?.host ?? 'local';
}

/** Digests by table and range. The server sorts 32 bytes a row. */
export async function digestsOf(client: PoolClient): Promise<readonly RangeDigest[]> {
  const digests: RangeDigest[] = [];
  for (const { table, key } of PROVEN_TABLES) {
    const { rows } = await client.query<RangeDigest>(
      `SELECT '${table}' AS collection, ${RANGE} AS range, count(*)::float8 AS documents,
              encode(sha256(string_agg(${ROW_DIGEST}, ''::bytea ORDER BY (${key}) COLLATE "C")), 'hex') AS digest
       FROM ${table} t GROUP BY 2 ORDER BY ${RANGE} COLLATE "C"`,
    );
    digests.push(...rows);
  }
  return digests;
}

/** Each row of one range, in the order of its name. */
export async function* rowsOf(client: PoolClient, collection: string, range: string): AsyncGenerator<KeyedDigest> {
  const table = PROVEN_TABLES.find((each) => each.table === collection);
  if (!table) return;
  await client.query(
    `DECLARE proof NO SCROLL CURSOR FOR SELECT ${table.key} AS id, encode(${ROW_DIGEST}, 'hex') AS digest
     FROM ${table.table} t WHERE ${RANGE} = '${range.replaceAll("'", "''")}' ORDER BY (${table.key}) COLLATE "C"`,
  );
  try {
    for (;;) {
      const { rows } = await client.query<KeyedDigest>(`FETCH ${FETCH} FROM proof`);
      if (rows.length === 0) return;
      yield* rows;
    }
  } finally {
    await client.query('CLOSE proof').catch(() => undefined);
  }
}
