/** Statements that end when nobody waits for them any more. */
import pg, { type Pool, type PoolClient, type QueryConfig } from 'pg';

/** `rowMode: 'array'` gives rows as tuples. */
export type Statement = QueryConfig<unknown[]> & { readonly rowMode?: 'array' };

/**
 * The rows of a statement; once `signal` is aborted the server is asked to cancel it.
 *
 * The connection stays lent out until the cancellation was answered, so that it can't hit a later statement.
 * @throws the signal's reason, or what the statement fails with
 */
export async function queryUntil<Row>(signal: AbortSignal | undefined, pool: Pool, statement: Statement): Promise<Row[]> {
  if (!signal) return (await pool.query(statement)).rows as Row[];
  signal.throwIfAborted();
  const client = await pool.connect();
  let cancelling: Promise<void> | undefined;
  const cancel = () => {
    cancelling = cancelStatementOf(client, pool);
  };
  signal.addEventListener('abort', cancel, { once: true });
  try {
    signal.throwIfAborted();
    return (await client.query(statement)).rows as Row[];
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener('abort', cancel);
    await cancelling;
    client.release();
  }
}

/** By a connection of its own: one of the pool may be long in coming. Never throws. */
async function cancelStatementOf(client: PoolClient, pool: Pool): Promise<void> {
  const { processID } = client as unknown as { readonly processID: number };
  const other = new pg.Client(pool.options);
  try {
    other.on('error', () => undefined);
    await other.connect();
    await other.query('SELECT pg_cancel_backend($1)', [processID]);
  } catch {
    // Then its `statement_timeout` ends it.
  } finally {
    await other.end().catch(() => undefined);
  }
}
