import pg from 'pg';
import type { LentClients } from './lent-clients.ts';

/** Connections by what they do, so that those who wait for a lock or a slow search hold up nobody else. */
export interface Pools {
  /** Reads by key. */
  readonly read: pg.Pool;
  /** Writes: may wait for rows and guards that a prepared transaction holds. */
  readonly write: pg.Pool;
  /** Finishes prepared transactions, which those writes wait for. */
  readonly decide: pg.Pool;
  /** Searches and histories: planned for the values asked for. */
  readonly search: pg.Pool;
  /** Searches of one patient's record, by cached plans. */
  readonly record: pg.Pool;
  /** Counts that may take two seconds. */
  readonly count: pg.Pool;
  /** Audit events on their way in. */
  readonly audit: pg.Pool;
  /** Partitions and migrations. */
  readonly maintenance: pg.Pool;
  /** Reads by key on standbys, one pool each, in the order of `replicas`. */
  readonly readReplicas: readonly pg.Pool[];
  /** Searches on standbys, one pool each. */
  readonly replicas: readonly pg.Pool[];
  /** Searches of one record on standbys, one pool each. */
  readonly recordReplicas: readonly pg.Pool[];
}

interface PoolOptions {
  readonly url: string;
  readonly replicaUrls?: readonly string[];
  /** Most connections for writes; default 12. */
  readonly maxWrite?: number;
  /** Most connections for searches; default 8. */
  readonly maxSearch?: number;
  /** True while the primary is known not to answer: then nobody waits for a connection to it. */
  readonly isSilent: () => boolean;
  /** Told of the connections to the primary that are lent out. */
  readonly lent: LentClients;
  /** Called when an idle connection breaks. */
  readonly onError: (error: Error) => unknown;
}

const TIMEOUTS = '-c lock_timeout=5s -c idle_in_transaction_session_timeout=30s -c jit=off';
/**
 * A cached plan made while a table is empty would go on reading all of it when it has grown; without sequential scans
 * every cached plan uses the index.
 */
const ALWAYS_BY_INDEX = '-c enable_seqscan=off -c work_mem=32MB';

/**
 * The patient's lexeme is always selective, so a plan by the GIN index fits all values and is cached: planning costs eight times
 * what such a search does. An index in the order of the rows would be read from end to end.
 */
const BY_PATIENT = '-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_indexscan=off -c enable_indexonlyscan=off';
const SEARCH = '-c statement_timeout=30s';
const READ = `-c statement_timeout=10s ${ALWAYS_BY_INDEX}`;
const MAX_READ = 4;

/** What a count that came along with matches may take; milliseconds. */
const SHORT_COUNT_MS = 2_000;

export function createPools(options: PoolOptions): Pools {
  const pool = (name: string, max: number, settings: string, url = options.url) => {
    const made = new pg.Pool({
      connectionString: url,
      application_name: `meridian-${name}`,
      max,
      connectionTimeoutMillis: 5_000,
      idleTimeoutMillis: 60_000,
      options: `${TIMEOUTS} ${settings}`,
    });
    if (url === options.url) {
      refuseWhile(options.isSilent, made);
      options.lent.watch(made);
    }
    made.on('error', options.onError);
    // A connection that breaks while it is lent out, or while it is being ended, must not end the process.
    made.on('connect', (client) => client.on('error', () => undefined));
    return made;
  };
  const onReplicas = (name: string, max: number, settings: string) =>
    (options.replicaUrls ?? []).map((url) => pool(name, max, settings, url));
  return {
    read: pool('read', MAX_READ, READ),
    write: pool('write', options.maxWrite ?? 12, `-c statement_timeout=30s ${ALWAYS_BY_INDEX}`),
    decide: pool('decide', 3, '-c statement_timeout=10s'),
    search: pool('search', options.maxSearch ?? 8, SEARCH),
    record: pool('record', options.maxSearch ?? 8, `${SEARCH} ${BY_PATIENT}`),
    count: pool('count', 2, `-c statement_timeout=${SHORT_COUNT_MS}ms`),
    audit: pool('audit', 2, '-c statement_timeout=30s'),
    maintenance: pool('maintenance', 2, '-c statement_timeout=120s'),
    readReplicas: onReplicas('read', MAX_READ, READ),
    replicas: onReplicas('search', options.maxSearch ?? 8, SEARCH),
    recordReplicas: onReplicas('record', options.maxSearch ?? 8, `${SEARCH} ${BY_PATIENT}`),
  };
}

/** Makes the pool's `connect`, and with it `query`, fail at once while the server is silent. */
function refuseWhile(isSilent: () => boolean, pool: pg.Pool): void {
  type Connect = (done?: (error: Error | undefined, client?: pg.PoolClient) => void) => Promise<pg.PoolClient> | undefined;
  const lend = pool.connect.bind(pool) as Connect;
  const connect: Connect = (done) => {
    if (!isSilent()) return lend(done);
    const error = new Error('Connection terminated: the server is silent');
    if (!done) return Promise.reject(error);
    process.nextTick(done, error);
    return undefined;
  };
  pool.connect = connect as typeof pool.connect;
}

export async function endPools({ readReplicas, replicas, recordReplicas, ...single }: Pools): Promise<void> {
  await Promise.all([...Object.values(single), ...readReplicas, ...replicas, ...recordReplicas].map((pool: pg.Pool) => pool.end()));
}
