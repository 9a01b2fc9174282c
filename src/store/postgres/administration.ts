/** What PostgreSQL tells administrators of itself. */
import type { Pool } from 'pg';
import { unprocessable } from '../../model/error.ts';
import type { ResourceVersion } from '../../model/resource.ts';
import type {
  AdministrativeAdministration,
  MemberDescription,
  PartitionDescription,
  PoolState,
  ReplicaSetDescription,
} from '../administration.ts';
import { archivePartition, restorePartition } from './archive/archive.ts';
import { listArchives } from './archive/catalogue.ts';
import { addYear, measureYear, targetOf } from './archive/years.ts';
import { ADMINISTRATIVE_TABLES } from './business-date.ts';
import type { Pools } from './connections/pools.ts';
import { translating } from './errors.ts';
import type { PartitionCatalogue } from './partitions/catalogue.ts';
import { describePartitions, partitionsOf } from './partitions/describe.ts';
import { proveReplicas } from './proof/prove.ts';
import { openScratchDatabase, sweepScratchDatabases } from './scratch/database.ts';
import { openPostgresGround, sweepPostgresGrounds } from './scratch/ground.ts';

export function administrationOf(
  pools: Pools,
  partitions: PartitionCatalogue,
  archiveDir: string | undefined,
): AdministrativeAdministration {
  const { search, maintenance, decide } = pools;
  const folder = () => {
    if (archiveDir === undefined) throw unprocessable('this gateway has no folder for archives');
    return archiveDir;
  };
  return {
    describePools: () => describePools(pools),
    describePrepared: () => describePrepared(decide),
    describePartitions: async () => (await describePartitions(search)).map(inWords),
    describeArchives: async () => (await listArchives(search)).map(({ columns: _, ...archive }) => archive),
    partitionedTables: () => ADMINISTRATIVE_TABLES,
    measurePartition: (type, year) => translating(() => measureYear(search, targetOf(type, year))),
    addPartition: (type, year) => translating(() => addYear(maintenance, partitions, targetOf(type, year))),
    archivePartition: (type, year, confirm) => translating(() => archivePartition(maintenance, folder(), targetOf(type, year), confirm)),
    restorePartition: (type, year, renewed) => translating(() => restorePartition(maintenance, folder(), targetOf(type, year), renewed)),
    proveReplicas: () => proveReplicas(pools),
    describeReplicas: async () => [await describeReplication(search)],
    partitionsOf: (patient) => partitionsOf(search, patient),
    partitionOf: (version) => partitionHolding(search, version),
    openGround: (options) => openPostgresGround(maintenance, search, options),
    openScratchDatabase: (run) => openScratchDatabase(maintenance, run),
    sweepGrounds: async () => {
      await sweepPostgresGrounds(maintenance);
      await sweepScratchDatabases(maintenance);
    },
  };
}

/** What node-postgres counts anyway. */
function describePools({ readReplicas, replicas, recordReplicas, ...primary }: Pools): readonly PoolState[] {
  const named = [
    ...Object.entries(primary),
    ...readReplicas.map((pool, index) => [`read-replica-${index + 1}`, pool] as const),
    ...replicas.map((pool, index) => [`replica-${index + 1}`, pool] as const),
    ...recordReplicas.map((pool, index) => [`record-replica-${index + 1}`, pool] as const),
  ];
  return named.map(([name, { totalCount, idleCount, waitingCount }]) => ({
    name: `postgresql-${name}`,
    open: totalCount,
    busy: totalCount - idleCount,
    waiting: waitingCount,
  }));
}

async function describePrepared(pool: Pool): Promise<{ readonly count: number; readonly oldestSeconds: number }> {
  const { rows } = await pool.query<{ count: number; oldest: number }>(
    `SELECT count(*)::int AS count, coalesce(extract(epoch FROM now() - min(prepared)), 0)::float8 AS oldest
     FROM pg_prepared_xacts WHERE database = current_database()`,
  );
  return { count: rows[0]?.count ?? 0, oldestSeconds: rows[0]?.oldest ?? 0 };
}

type Described = Awaited<ReturnType<typeof describePartitions>>[number];

function inWords({ type: _type, from, to, ...described }: Described): PartitionDescription {
  return { ...described, range: from && to ? `${from.slice(0, 10)} to ${to.slice(0, 10)}` : 'default' };
}

/** The partition of a resource's row; undefined for a type that is kept elsewhere. */
async function partitionHolding(pool: Pool, { type, id }: ResourceVersion): Promise<string | undefined> {
  const home = ADMINISTRATIVE_TABLES.find((table) => table.type === type);
  if (!home) return undefined;
  const { rows } = await pool.query<{ partition: string }>(
    `SELECT e.tableoid::regclass::text AS partition
     FROM resource_head h JOIN ${home.table} e ON e.rk = h.rk AND e.id = h.id AND e.${home.column} = h.business_at
     WHERE h.type = $1 AND h.id = $2`,
    [type, id],
  );
  return rows[0]?.partition;
}

interface StandbyRow {
  readonly host: string;
  readonly state: string;
  readonly lag: number | null;
  readonly behind: string | null;
}

/**
 * The primary and the standbys that stream from it.
 * @see https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-REPLICATION-VIEW
 */
async function describeReplication(pool: Pool): Promise<ReplicaSetDescription> {
  try {
    const { rows: standbys } = await pool.query<StandbyRow>(
      `SELECT coalesce(host(client_addr), client_hostname, application_name) AS host, state, extract(epoch FROM replay_lag)::float8 AS lag,
              pg_wal_lsn_diff(pg_current_wal_flush_lsn(), replay_lsn) AS behind
       FROM pg_stat_replication ORDER BY 1`,
    );
    const { rows: own } = await pool.query<{ host: string }>(
      `SELECT coalesce(host(inet_server_addr()), 'local') || ':' || inet_server_port() AS host`,
    );
    const primary: MemberDescription = { host: own[0]?.host ?? 'local', state: 'PRIMARY', isHealthy: true, lagSeconds: 0 };
    return { name: 'postgresql', members: [primary, ...standbys.map(memberOf)] };
  } catch (error) {
    const member = { host: 'postgresql', state: 'UNKNOWN', isHealthy: false };
    return { name: 'postgresql', members: [member], problem: (error as Error).message };
  }
}

function memberOf({ host, state, lag, behind }: StandbyRow): MemberDescription {
  const isStreaming = state === 'streaming';
  return {
    host,
    state: isStreaming ? 'SECONDARY' : state.toUpperCase(),
    isHealthy: isStreaming,
    ...(isStreaming && { lagSeconds: lag ?? 0 }),
    ...(behind !== null && { lagBytes: Math.max(0, Number(behind)) }),
  };
}
