import pg from 'pg';

/** Connections by what they do: a slow search must not hold up a read by key. */
export interface Pools {
  /** Reads by key and writes: statements planned once, always through an index. */
  readonly hot: pg.Pool;
  /** Searches and histories: planned for the values asked for. */
  readonly search: pg.Pool;
  /** Partitions and migrations. */
  readonly maintenance: pg.Pool;
}

export interface PoolOptions {
  readonly url: string;
  /** Most connections for reads and writes; default 12. */
  readonly maxHot?: number;
  /** Most connections for searches; default 8. */
  readonly maxSearch?: number;
  /** Called when an idle connection breaks. */
  readonly onError: (error: Error) => unknown;
}

const TIMEOUTS = '-c lock_timeout=5s -c idle_in_transaction_session_timeout=30s';
/**
 * A cached plan made while a table is empty would go on reading all of it when it has grown; without sequential scans
 * every cached plan uses the index.
 */
const ALWAYS_BY_INDEX = '-c enable_seqscan=off -c work_mem=32MB';

export function createPools(options: PoolOptions): Pools {
  const pool = (name: string, max: number, settings: string) => {
    const made = new pg.Pool({
      connectionString: options.url,
      application_name: `meridian-${name}`,
      max,
      connectionTimeoutMillis: 5_000,
      idleTimeoutMillis: 60_000,
      options: `${TIMEOUTS} ${settings}`,
    });
    made.on('error', options.onError);
    // A connection that breaks while it is lent out, or while it is being ended, must not end the process.
    made.on('connect', (client) => client.on('error', () => undefined));
    return made;
  };
  return {
    hot: pool('hot', options.maxHot ?? 12, `-c statement_timeout=30s ${ALWAYS_BY_INDEX}`),
    search: pool('search', options.maxSearch ?? 8, '-c statement_timeout=30s'),
    maintenance: pool('maintenance', 2, '-c statement_timeout=120s'),
  };
}

export async function endPools({ hot, search, maintenance }: Pools): Promise<void> {
  await Promise.all([hot.end(), search.end(), maintenance.end()]);
}
