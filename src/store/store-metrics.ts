/** What the stores can tell of themselves, as figures. */
import type { MetricSource, Sample } from '../telemetry/metrics.ts';
import { readSeldom } from '../telemetry/read-seldom.ts';
import type { Administration, ReplicaSetDescription } from './administration.ts';

/** The engines are asked no oftener than this, whoever scrapes; milliseconds. */
const ASK_EVERY_MS = 10_000;
const WAIT_MS = 2_000;

interface CommitCounts {
  readonly committed: number;
  readonly undone: number;
  readonly undecided: number;
}

export function storeMetrics(administration: Administration, commits: CommitCounts): readonly MetricSource[] {
  return [
    ...poolMetrics(administration),
    ...replicaMetrics(administration),
    ...partitionMetrics(administration),
    ...commitMetrics(administration, commits),
  ];
}

const seldom = <T>(read: () => Promise<T>) => readSeldom(read, { goodForMs: ASK_EVERY_MS, waitMs: WAIT_MS });

function poolMetrics({ clinical, administrative }: Administration): MetricSource[] {
  const states = ['open', 'busy', 'waiting'] as const;
  return [
    {
      name: 'meridian_pool_connections',
      help: 'Connections to the databases by state; "waiting": callers that wait for one.',
      kind: 'gauge',
      labels: ['pool', 'state'],
      read: () =>
        [clinical.describePool(), ...administrative.describePools()].flatMap((pool) =>
          states.map((state) => ({ value: pool[state], labels: { pool: pool.name, state } })),
        ),
    },
  ];
}

interface NamedSet extends ReplicaSetDescription {
  readonly engine: 'mongodb' | 'postgresql';
}

function replicaMetrics({ clinical, administrative }: Administration): MetricSource[] {
  const describe = seldom(async (): Promise<readonly NamedSet[]> => {
    const [shards, databases] = await Promise.all([clinical.describeReplicas(), administrative.describeReplicas()]);
    return [
      ...shards.map((set) => ({ ...set, engine: 'mongodb' as const })),
      ...databases.map((set) => ({ ...set, engine: 'postgresql' as const })),
    ];
  });
  const ofMembers = async (value: (member: NamedSet['members'][number]) => number | undefined): Promise<Sample[]> =>
    ((await describe()) ?? []).flatMap(({ engine, name, members }) =>
      members.flatMap((member) => {
        const known = value(member);
        return known === undefined ? [] : [{ value: known, labels: { engine, set: name, member: member.host } }];
      }),
    );
  const ofSets = async (samples: (set: NamedSet) => readonly Sample[]): Promise<Sample[]> =>
    ((await describe()) ?? []).flatMap((set) =>
      samples(set).map(({ value, labels }) => ({ value, labels: { engine: set.engine, set: set.name, ...labels } })),
    );
  const hasPrimary = ({ members }: NamedSet) => members.some(({ state, isHealthy }) => state === 'PRIMARY' && isHealthy);
  const memberLabels = ['engine', 'set', 'member'];
  return [
    {
      name: 'meridian_replica_healthy',
      help: '1 for a member that answers, 0 for one that does not.',
      kind: 'gauge',
      labels: memberLabels,
      read: () => ofMembers(({ isHealthy }) => Number(isHealthy)),
    },
    {
      name: 'meridian_replica_lag_seconds',
      help: "How far a member's last applied write is behind the primary's.",
      kind: 'gauge',
      labels: memberLabels,
      read: () => ofMembers(({ lagSeconds }) => lagSeconds),
    },
    {
      name: 'meridian_shard_has_primary',
      help: '1 for a replica set that takes writes, 0 for one that does not.',
      kind: 'gauge',
      labels: ['engine', 'set'],
      read: () => ofSets((set) => [{ value: Number(hasPrimary(set)) }]),
    },
    {
      name: 'meridian_shard_operations_total',
      help: 'Operations of a shard since its primary started, as the engine counts them.',
      kind: 'counter',
      labels: ['engine', 'set', 'kind'],
      read: () => ofSets(({ operations = {} }) => Object.entries(operations).map(([kind, value]) => ({ value, labels: { kind } }))),
    },
  ];
}

function partitionMetrics({ administrative }: Administration): MetricSource[] {
  const describe = seldom(() => administrative.describePartitions());
  const labels = ['table', 'partition'];
  const of = async (figure: 'rows' | 'bytes') =>
    ((await describe()) ?? []).map(({ table, partition, ...figures }) => ({ value: figures[figure], labels: { table, partition } }));
  return [
    { name: 'meridian_partition_rows', help: 'Rows of a partition, as last analysed.', kind: 'gauge', labels, read: () => of('rows') },
    {
      name: 'meridian_partition_bytes',
      help: 'Bytes of a partition, its indexes included.',
      kind: 'gauge',
      labels,
      read: () => of('bytes'),
    },
    {
      name: 'meridian_default_partition_rows',
      help: 'Rows that lie in the default partition of a table.',
      kind: 'gauge',
      labels: ['table'],
      read: async () =>
        ((await describe()) ?? []).filter(({ isDefault }) => isDefault).map(({ table, rows }) => ({ value: rows, labels: { table } })),
    },
  ];
}

function commitMetrics({ administrative }: Administration, commits: CommitCounts): MetricSource[] {
  const describe = seldom(() => administrative.describePrepared());
  const figure = async (name: 'count' | 'oldestSeconds') => {
    const prepared = await describe();
    return prepared ? [{ value: prepared[name] }] : [];
  };
  return [
    {
      name: 'meridian_two_phase_commits_total',
      help: 'Commits over both databases, by how they ended; "undecided": the client was told to ask again.',
      kind: 'counter',
      labels: ['outcome'],
      read: () => Object.entries(commits).map(([outcome, value]) => ({ value, labels: { outcome } })),
    },
    {
      name: 'meridian_two_phase_prepared',
      help: 'Commits that PostgreSQL has prepared and that are not finished, of all gateways.',
      kind: 'gauge',
      read: () => figure('count'),
    },
    {
      name: 'meridian_two_phase_oldest_seconds',
      help: 'Age of the oldest of them.',
      kind: 'gauge',
      read: () => figure('oldestSeconds'),
    },
  ];
}
