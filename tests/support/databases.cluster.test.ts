import { MongoClient } from 'mongodb';
import pg from 'pg';
import { expect, test } from 'vitest';
import { testDatabases } from './databases.ts';

const first = await testDatabases();
const second = await testDatabases();

test('each MongoDB database is its own', async () => {
  const [one, other] = [new MongoClient(first.mongodbUri), new MongoClient(second.mongodbUri)];
  await one.db().collection('things').insertOne({ a: 1 });
  expect(await one.db().collection('things').countDocuments()).toBe(1);
  expect(await other.db().collection('things').countDocuments()).toBe(0);
  await Promise.all([one.close(), other.close()]);
});

test('each PostgreSQL database is its own and can prepare transactions', async () => {
  const [one, other] = [new pg.Client(first.databaseUrl), new pg.Client(second.databaseUrl)];
  await Promise.all([one.connect(), other.connect()]);
  await one.query('CREATE TABLE things (a int)');
  await one.query('BEGIN');
  await one.query('INSERT INTO things VALUES (1)');
  await one.query(`PREPARE TRANSACTION 'left-behind'`);
  await expect(other.query('SELECT * FROM things')).rejects.toThrow(/does not exist/);
  await Promise.all([one.end(), other.end()]);
});
