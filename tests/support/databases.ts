/** A database of its own for each test file, on the engines that the run started. See README.md. */
import { randomBytes } from 'node:crypto';
import { MongoClient } from 'mongodb';
import pg from 'pg';
import { afterAll, inject } from 'vitest';
import './provided.ts';

interface TestMongo {
  /** Names the file's own database as its path. */
  readonly mongodbUri: string;
  readonly databaseName: string;
}

interface TestPostgres {
  readonly databaseUrl: string;
  readonly databaseName: string;
}

/** MongoDB and PostgreSQL, for `*.cluster.test.ts` and conformance. Call at the top level of a test file. */
export async function testDatabases(): Promise<{ readonly mongodbUri: string; readonly databaseUrl: string }> {
  const [{ mongodbUri }, { databaseUrl }] = await Promise.all([testMongo(), testPostgres()]);
  return { mongodbUri, databaseUrl };
}

/** A MongoDB database that is empty now and dropped after the file. Not sharded until someone does it. */
export async function testMongo(): Promise<TestMongo> {
  const serverUri = inject('mongodbUri');
  const databaseName = freshName();
  afterAll(() => dropMongoDatabase(serverUri, databaseName));
  return { mongodbUri: withDatabase(serverUri, databaseName), databaseName };
}

/** A PostgreSQL database that is empty now and dropped after the file. */
export async function testPostgres(): Promise<TestPostgres> {
  const serverUrl = inject('databaseUrl');
  const databaseName = freshName();
  await runSql(serverUrl, `CREATE DATABASE ${databaseName}`);
  afterAll(() => dropPostgresDatabase(serverUrl, databaseName));
  return { databaseUrl: withDatabase(serverUrl, databaseName), databaseName };
}

function freshName(): string {
  return `test_${randomBytes(6).toString('hex')}`;
}

function withDatabase(uri: string, databaseName: string): string {
  // Not the URL class: a replica set's URI lists several hosts.
  const [, scheme, hosts, query] = /^([a-z+]+:\/\/)([^/?]+)(?:\/[^?]*)?(\?.*)?$/.exec(uri) ?? [];
  if (!scheme) throw new Error(`not a connection string: ${uri}`);
  return `${scheme}${hosts}/${databaseName}${query ?? ''}`;
}

async function dropMongoDatabase(serverUri: string, databaseName: string): Promise<void> {
  const client = new MongoClient(serverUri, { serverSelectionTimeoutMS: 5000 });
  try {
    await client.db(databaseName).dropDatabase();
  } finally {
    await client.close();
  }
}

async function dropPostgresDatabase(serverUrl: string, databaseName: string): Promise<void> {
  // A prepared transaction that a fault test left behind would hold the database.
  const prepared = 'SELECT gid FROM pg_prepared_xacts WHERE database = current_database()';
  for (const { gid } of await runSql(withDatabase(serverUrl, databaseName), prepared)) {
    await runSql(withDatabase(serverUrl, databaseName), `ROLLBACK PREPARED '${String(gid).replaceAll("'", "''")}'`);
  }
  await runSql(serverUrl, `DROP DATABASE IF EXISTS ${databaseName} WITH (FORCE)`);
}

async function runSql(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}
