import pg from 'pg';
import { afterAll, describe, expect, test } from 'vitest';
import { testPostgres } from '../../../../tests/support/databases.ts';
import { queryUntil } from './query-until.ts';

const { databaseUrl } = await testPostgres();
const pool = new pg.Pool({ connectionString: databaseUrl, max: 3, application_name: 'meridian-until' });
afterAll(() => pool.end());

const sleeping = { text: 'SELECT pg_sleep(25)' };
const stillRunning = async () =>
  (await pool.query(`SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query = $1`, [sleeping.text])).rowCount;

describe('a statement with a signal (https://www.postgresql.org/docs/current/functions-admin.html)', () => {
  test('gives rows when nobody aborts', async () => {
    const { signal } = new AbortController();
    expect(await queryUntil(signal, pool, { text: 'SELECT 1 AS n' })).toEqual([{ n: 1 }]);
    expect(await queryUntil(undefined, pool, { text: 'SELECT 1 AS n', rowMode: 'array' })).toEqual([[1]]);
    await expect(queryUntil(signal, pool, { text: 'SELECT nothing' })).rejects.toThrow('nothing');
  });

  test('is cancelled in the server within two seconds, and its connection serves the next', async () => {
    const controller = new AbortController();
    const asked = performance.now();
    const statements = Array.from({ length: 5 }, () => queryUntil(controller.signal, pool, sleeping));
    setTimeout(() => controller.abort(new Error('the client has gone')), 200);
    const outcomes = await Promise.allSettled(statements);
    expect(outcomes.map((outcome) => (outcome as PromiseRejectedResult).reason.message)).toEqual(Array(5).fill('the client has gone'));
    expect(performance.now() - asked).toBeLessThan(2_200);
    expect(await stillRunning()).toBe(0);
    expect(await queryUntil(new AbortController().signal, pool, { text: 'SELECT 2 AS n' })).toEqual([{ n: 2 }]);
  });
});
