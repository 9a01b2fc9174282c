/** SQL transactions: all of the work or none of it. */
import type { ClientBase, Pool, PoolClient } from 'pg';

/** Runs `work` between `BEGIN` and `COMMIT`, on a connection that the caller keeps. What it throws rolls back and is thrown on. */
export async function inTransaction<Result>(client: ClientBase, work: () => Promise<Result>): Promise<Result> {
  return between(
    client,
    work,
    () => client.query('COMMIT'),
    () => undefined,
  );
}

/** The same on a connection of the pool. `end` may end the transaction in another way than `COMMIT`. */
export async function inTransactionOf<Result>(
  pool: Pool,
  work: (client: PoolClient) => Promise<Result>,
  end: (client: PoolClient) => Promise<unknown> = (client) => client.query('COMMIT'),
): Promise<Result> {
  const client = await pool.connect();
  let broken: unknown;
  try {
    return await between(
      client,
      () => work(client),
      () => end(client),
      (lost) => {
        broken = lost;
      },
    );
  } finally {
    // A connection that could not be rolled back is not used again.
    client.release(broken instanceof Error ? broken : undefined);
  }
}

async function between<Result>(
  client: ClientBase,
  work: () => Promise<Result>,
  end: () => Promise<unknown>,
  lose: (error: unknown) => void,
): Promise<Result> {
  try {
    await client.query('BEGIN');
    const result = await work();
    await end();
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch(lose);
    throw error;
  }
}
