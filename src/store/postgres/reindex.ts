/**
 * Index entries of rows made anew, table by table in the order of ids: the heads have it, whatever partition a row lies in or
 * moves to meanwhile.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { Reindexed, ReindexPage, ReindexPart, ReindexStore } from '../reindex.ts';
import { isArchived } from './archive/catalogue.ts';
import { int4Array, jsonbArray, textArray, timestampArray, tsvectorArray } from './binary.ts';
import { type AdministrativeTable, tableOf } from './business-date.ts';
import { translating } from './errors.ts';
import { readCurrent } from './read.ts';
import { lexemesOf, type Placed, placed, rangesText, scalarsText } from './row.ts';

const ATTEMPTS = 5;
const SETTLE_MS = 60_000;

export function createPostgresReindex(pool: Pool): ReindexStore {
  return {
    parts: async (types) => types.map((type) => ({ store: 'postgresql', name: tableOf(type).table, types: [type] })),
    settle: () => translating(() => settlePrepared(pool)),
    page: (part, after, limit) => translating(() => page(pool, part, after, limit)),
    rewrite: (part, items) => translating(() => rewrite(pool, tableOf(part.types[0] ?? ''), items)),
  };
}

/** A prepared transaction's rows are seen by nobody, and may be a crashed gateway's. */
export async function settlePrepared(pool: Pool): Promise<void> {
  const text = 'SELECT gid FROM pg_prepared_xacts WHERE database = current_database() AND ($1::text[] IS NULL OR gid = ANY ($1::text[]))';
  let first: readonly string[] | undefined;
  for (const giveUpAt = performance.now() + SETTLE_MS; ; await sleep(100)) {
    const { rows }: { rows: { gid: string }[] } = await pool.query(text, [first ?? null]);
    const open = rows.map(({ gid }) => gid);
    first ??= open;
    if (open.length === 0) return;
    if (performance.now() > giveUpAt) throw new Error(`prepared transactions stay undecided: ${open.length}`);
  }
}

async function page(pool: Pool, { types: [type = ''] }: ReindexPart, after: string | undefined, limit: number): Promise<ReindexPage> {
  const { rows } = await pool.query<{ id: string }>(
    `SELECT h.id FROM resource_head h WHERE h.type = $1 AND h.id > $2 AND NOT h.deleted AND NOT ${isArchived('h')} ORDER BY h.id LIMIT $3`,
    [type, after ?? '', limit],
  );
  const ids = rows.map(({ id }) => id);
  const found = ids.length === 0 ? new Map() : await readCurrent(pool, type, ids);
  if (found.size < ids.length) throw new Error(`${ids.length - found.size} rows of ${type} are moving between partitions`);
  const last = ids.at(-1);
  return {
    versions: [...found.values()].filter(({ deleted }) => !deleted),
    ...(ids.length === limit && last !== undefined && { after: last }),
  };
}

async function rewrite(pool: Pool, table: AdministrativeTable, items: readonly Reindexed[]): Promise<void> {
  let waiting = items;
  for (let attempt = 1; waiting.length > 0; attempt++) {
    const left = await rewriteOnce(pool, table, waiting);
    if (attempt === ATTEMPTS && left.size > 0) throw new Error(`${left.size} rows of ${table.table} are moving between partitions`);
    waiting = waiting.filter(({ version }) => left.has(version.id));
    if (waiting.length > 0) await sleep(50 * attempt);
  }
}

/** Gives the ids of rows that are current in that version and yet were not there: they were moving. */
async function rewriteOnce(pool: Pool, table: AdministrativeTable, items: readonly Reindexed[]): Promise<ReadonlySet<string>> {
  const rows = items.map(({ version, index }) => placed(table, { ...version, index }));
  const { rows: left } = await pool.query<[string]>({
    text: statement(table),
    values: [...indexValues(rows), table.type],
    rowMode: 'array',
  });
  return new Set(left.map(([id]) => id));
}

/** Index entries of rows as parameters 1 to 8, as a table `i`. */
export const INDEX_INPUT = `unnest($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::integer[], $6::tsvector[], $7::jsonb[], $8::jsonb[])
      AS i (id, rk, business_at, ends_at, version, s, r, o)`;

export const indexValues = (rows: readonly Placed[]) => [
  textArray(rows.map(({ draft }) => draft.id)),
  textArray(rows.map(({ draft }) => draft.rk)),
  timestampArray(rows.map(({ businessAt }) => businessAt)),
  timestampArray(rows.map(({ endsAt }) => endsAt)),
  int4Array(rows.map(({ draft }) => draft.version)),
  tsvectorArray(rows.map(({ draft }) => lexemesOf(draft))),
  jsonbArray(rows.map(({ ranges }) => rangesText(ranges))),
  jsonbArray(rows.map(({ draft }) => scalarsText(draft))),
];

function statement({ table, column }: AdministrativeTable): string {
  return `
    WITH i AS MATERIALIZED (SELECT * FROM ${INDEX_INPUT}),
    there AS MATERIALIZED (
      SELECT e.id, (e.s, e.r, e.o, e.ends_at) IS DISTINCT FROM (i.s, i.r, i.o, i.ends_at) AS differs
      FROM i JOIN ${table} e ON e.rk = i.rk AND e.id = i.id AND e.${column} = i.business_at AND e.version = i.version
      ORDER BY e.id FOR UPDATE OF e
    ), written AS (
      UPDATE ${table} e SET s = i.s, r = i.r, o = i.o, ends_at = i.ends_at
      FROM i JOIN there ON there.id = i.id AND there.differs
      WHERE e.rk = i.rk AND e.id = i.id AND e.${column} = i.business_at
    )
    SELECT h.id FROM resource_head h JOIN i ON h.type = $9 AND h.id = i.id
    WHERE h.version = i.version AND h.business_at = i.business_at AND NOT h.deleted AND h.id NOT IN (SELECT id FROM there)`;
}
