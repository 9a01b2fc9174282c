/** PostgreSQL's driver alone. */
import { randomInt } from 'node:crypto';
import pg from 'pg';
import { ADMINISTRATIVE_TABLES } from '../../src/store/postgres/business-date.ts';
import { migratePostgres } from '../../src/store/postgres/migrate.ts';
import { createPartitions } from '../../src/store/postgres/partitions/create.ts';
import { listSlots } from '../../src/store/postgres/partitions/list-slots.ts';
import type { Operation } from '../measure.ts';

const DATABASE = 'bench_raw';
const KNOWN = 400;

export interface RawPostgres {
  /** Where the gateway's own rows are. */
  readonly source: pg.Pool;
  /** Same tables, partitions and indexes. */
  readonly target: pg.Pool;
  /** One Claim by its id, by the function that the gateway calls. */
  readonly read: Operation;
}

export async function openRawPostgres(url: string): Promise<RawPostgres> {
  const source = new pg.Pool({ connectionString: url, max: 20 });
  const target = await createTarget(source, url);
  const { rows } = await source.query<{ id: string }>('SELECT id FROM claim ORDER BY at DESC LIMIT $1', [KNOWN]);
  const read = async () => {
    const id = rows[randomInt(rows.length)]?.id;
    const found = await source.query({ name: 'raw_read', text: 'SELECT id, raw FROM read_claim($1::text[])', values: [[id]] });
    if (found.rows.length !== 1) throw new Error('nothing found');
    return 1;
  };
  return { source, target, read };
}

async function createTarget(source: pg.Pool, url: string): Promise<pg.Pool> {
  await source.query(`CREATE DATABASE ${DATABASE}`);
  const address = new URL(url);
  address.pathname = `/${DATABASE}`;
  const target = new pg.Pool({ connectionString: address.href, max: 20 });
  await migratePostgres(target);
  const client = await target.connect();
  for (const table of ADMINISTRATIVE_TABLES) await createPartitions(client, table, await listSlots(source, table));
  client.release();
  return target;
}
