import { getTableColumns, getTableName, is } from 'drizzle-orm';
import { getTableConfig, PgTable } from 'drizzle-orm/pg-core';
import pg from 'pg';
import { afterAll, describe, expect, test } from 'vitest';
import { testPostgres } from '../../../tests/support/databases.ts';
import { migratePostgres } from './migrate.ts';
import * as schema from './schema.ts';

const TABLES: readonly PgTable[] = [...Object.values(schema).filter((each) => is(each, PgTable)), ...schema.administrativeTables.values()];

const { databaseUrl } = await testPostgres();
const pool = new pg.Pool({ connectionString: databaseUrl, max: 6 });
pool.on('connect', (client) => client.on('error', () => undefined));
afterAll(() => pool.end());

describe('migrations', () => {
  test('run once when four gateways start at once, and not again', async () => {
    const ran = await Promise.all([1, 2, 3, 4].map(() => migratePostgres(pool)));
    expect(ran.filter((count) => count > 0)).toHaveLength(1);
    expect(await migratePostgres(pool)).toBe(0);
  });

  test('write functions anew whose signature was another', async () => {
    await pool.query('DROP FUNCTION read_claim; CREATE FUNCTION read_claim(ids text[]) RETURNS integer LANGUAGE sql RETURN 1');
    await migratePostgres(pool);
    expect((await pool.query(`SELECT * FROM read_claim('{none}')`)).fields.map(({ name }) => name)).toContain('raw');
  });

  test('make the tables that the Drizzle schema describes', async () => {
    const { rows } = await pool.query<{ table: string; column: string; type: string; nullable: boolean }>(
      `SELECT table_name AS table, column_name AS column, udt_name AS type, is_nullable = 'YES' AS nullable
       FROM information_schema.columns WHERE table_schema = 'public'`,
    );
    const found = new Set(rows.map(({ table, column, type, nullable }) => `${table}.${column} ${type} ${nullable ? 'null' : 'not null'}`));
    const udt: Readonly<Record<string, string>> = {
      bigint: 'int8',
      integer: 'int4',
      boolean: 'bool',
      'timestamp with time zone': 'timestamptz',
      'integer[]': '_int4',
      'text[]': '_text',
    };
    const described = TABLES.flatMap((table) =>
      Object.values(getTableColumns(table)).map((column) => {
        const type = column.getSQLType();
        return `${getTableName(table)}.${column.name} ${udt[type] ?? type} ${column.notNull ? 'not null' : 'null'}`;
      }),
    );
    const names = new Set(TABLES.map(getTableName));
    expect([...found].filter((line) => names.has(line.split('.')[0] ?? '')).sort()).toEqual([...new Set(described)].sort());
  });

  test('make the primary keys and indexes that it describes', async () => {
    const { rows } = await pool.query<{ name: string }>(`SELECT indexname AS name FROM pg_indexes WHERE schemaname = 'public'`);
    const names = rows.map(({ name }) => name);
    for (const table of TABLES) {
      const { name, columns, indexes, primaryKeys } = getTableConfig(table);
      expect(primaryKeys.length + columns.filter(({ primary }) => primary).length).toBe(1);
      expect(names).toEqual(expect.arrayContaining([`${name}_pkey`, ...indexes.map((index) => index.config.name)]));
    }
  });
});
