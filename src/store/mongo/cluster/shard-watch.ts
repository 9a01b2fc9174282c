/**
 * How the shards are: which one owns a document, and whether it has a primary.
 *
 * A `mongos` keeps a request for a shard without a primary for up to 20 s and answers for the cluster as a whole, so the
 * gateway looks for itself: a driver's monitor for each replica set tells within milliseconds that a primary is gone or back.
 * Where the members can't be reached from here, a shard is taken to be well until requests to it fail.
 * @see https://github.com/mongodb/specifications/blob/master/source/server-discovery-and-monitoring/server-discovery-and-monitoring.md
 */
import { type Document, MongoClient, type MongoClientOptions, type TopologyDescription } from 'mongodb';
import { unavailable } from '../../../model/error.ts';
import type { KeyRange } from '../../administration.ts';
import type { MongoCollections } from '../client.ts';
import { hostsIn, rangesOf } from './topology.ts';

/** `read-only`: members answer, none of them is a primary. */
export type ShardState = 'read-write' | 'read-only' | 'down';

interface OwnedRange extends KeyRange {
  readonly shard: string;
}

export interface ShardWatch {
  /** True while every shard has a primary: the one look that a request costs. */
  isAllWell(): boolean;
  /** The shard of a document by its `_id`; '' while the layout is not known. */
  ownerOf(id: string): string;
  stateOf(shard: string): ShardState;
  /** Since when the shard has had no primary, by `performance.now()`; undefined if it has one. */
  unwellSince(shard: string): number | undefined;
  /** Shards without a primary. */
  unwell(): readonly string[];
  /** Ranges of `resources` by owner. */
  ranges(): readonly OwnedRange[];
  /** Calls back whenever a shard's state changes, until the function that it gives is called. */
  onChange(listener: () => void): () => void;
  /** Tells that requests to the shard failed; counts only where its members can't be watched. */
  suspect(shard: string): void;
  close(): Promise<void>;
}

const LOOK_EVERY_MS = 5_000;
const HEARTBEAT_MS = 1_000;
/** How long a failure is held against a shard that can't be watched. */
const SUSPECT_MS = 2_000;

/** 503 that names the shards. */
export const noPrimary = (shards: readonly string[], cause?: unknown) =>
  unavailable(
    shards.length === 0
      ? 'The clinical store has no primary to answer just now.'
      : `${shards.join(' and ')} of the clinical store ${shards.length === 1 ? 'has' : 'have'} no primary just now; what lies on other shards is not concerned.`,
    2,
    cause,
  );

/** 503 that names a shard that nothing answers for. */
export const lostShards = (shards: readonly string[], cause?: unknown) =>
  unavailable(`${shards.join(' and ')} of the clinical store can't be reached just now; other shards are not concerned.`, 2, cause);

interface Watched {
  readonly client: MongoClient;
  readonly hosts: string;
}

/** A condition on `_id`. */
export function inRange({ min, max }: OwnedRange): { readonly _id: Document } {
  return { _id: { $exists: true, ...(min !== 'MinKey' && { $gte: min }), ...(max !== 'MaxKey' && { $lt: max }) } };
}

/** Watches until `close`. The first look is under way when this returns. */
export function watchShards(collections: MongoCollections): ShardWatch {
  const watched = new Map<string, Watched>();
  const states = new Map<string, ShardState>();
  const since = new Map<string, number>();
  const listeners = new Set<() => void>();
  let ranges: readonly OwnedRange[] = [];
  let isClosed = false;

  function tell(shard: string, state: ShardState): void {
    if (states.get(shard) === state) return;
    states.set(shard, state);
    if (state === 'read-write') since.delete(shard);
    else if (!since.has(shard)) since.set(shard, performance.now());
    for (const listener of [...listeners]) listener();
  }

  async function watch(shard: string, connection: string): Promise<void> {
    const hosts = hostsIn(connection).join(',');
    const known = watched.get(shard);
    if (known?.hosts === hosts) return;
    const client = openShard(collections.client, shard, hosts, { heartbeatFrequencyMS: HEARTBEAT_MS, connectTimeoutMS: 5_000 });
    watched.set(shard, { client, hosts });
    client.on('topologyDescriptionChanged', ({ newDescription }) => isClosed || tell(shard, stateIn(newDescription)));
    await known?.client.close();
    await client.connect().catch(async () => {
      // Nobody answers, or nobody can be reached from here: the next look tries again.
      watched.delete(shard);
      await client.close();
    });
  }

  async function look(): Promise<void> {
    const layout = await layoutOf(collections);
    if (isClosed) return;
    ranges = layout.ranges;
    await Promise.all([...layout.shards].map(([shard, hosts]) => watch(shard, hosts)));
  }

  const lookSafely = () => void look().catch(() => undefined);
  const timer = setInterval(lookSafely, LOOK_EVERY_MS).unref();
  lookSafely();

  return {
    isAllWell: () => since.size === 0,
    ownerOf: (id) => ownerIn(ranges, id),
    stateOf: (shard) => states.get(shard) ?? 'read-write',
    unwellSince: (shard) => since.get(shard),
    unwell: () => [...since.keys()].sort(),
    ranges: () => ranges,
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    suspect(shard) {
      if (isClosed || watched.has(shard)) return;
      tell(shard, 'read-only');
      setTimeout(() => watched.has(shard) || tell(shard, 'read-write'), SUSPECT_MS).unref();
    },
    async close() {
      isClosed = true;
      clearInterval(timer);
      await Promise.all([...watched.values()].map(({ client }) => client.close()));
    },
  };
}

/** A client of one shard's members, with the credentials of the cluster's. */
export function openShard(cluster: MongoClient, name: string, hosts: string, options: Readonly<Record<string, unknown>> = {}): MongoClient {
  const { credentials } = cluster.options;
  const auth = credentials?.username ? { username: credentials.username, password: credentials.password } : undefined;
  return new MongoClient(`mongodb://${hosts}/?replicaSet=${name}`, {
    appName: 'meridian-shard',
    maxPoolSize: 2,
    readPreference: 'nearest',
    serverSelectionTimeoutMS: 2_000,
    ...(auth && { auth }),
    ...tlsOf(cluster),
    ...options,
  });
}

/** The members are reached as the cluster is: with the same authorities and the same certificate. */
function tlsOf({ options }: MongoClient): MongoClientOptions {
  if (!options.tls) return {};
  const { ca, cert, key, passphrase, tlsAllowInvalidCertificates, tlsAllowInvalidHostnames } = options;
  return { tls: true, ca, cert, key, passphrase, tlsAllowInvalidCertificates, tlsAllowInvalidHostnames } as MongoClientOptions;
}

function stateIn({ servers }: TopologyDescription): ShardState {
  const types = [...servers.values()].map(({ type }) => type);
  if (types.includes('RSPrimary')) return 'read-write';
  return types.includes('RSSecondary') ? 'read-only' : 'down';
}

function ownerIn(ranges: readonly OwnedRange[], id: string): string {
  let owner = ranges[0]?.shard ?? '';
  for (const { min, shard } of ranges) {
    if (min !== 'MinKey' && min > id) break;
    owner = shard;
  }
  return owner;
}

interface Layout {
  readonly ranges: readonly OwnedRange[];
  /** Connection strings by shard. */
  readonly shards: ReadonlyMap<string, string>;
}

async function layoutOf(collections: MongoCollections): Promise<Layout> {
  const admin = collections.client.db('admin');
  const hello = await admin.command({ hello: 1 });
  if (hello.msg !== 'isdbgrid') {
    const name = hello.setName as string | undefined;
    if (name === undefined) return { ranges: [], shards: new Map() };
    const hosts = `${name}/${(hello.hosts as string[]).join(',')}`;
    return { ranges: [{ min: 'MinKey', max: 'MaxKey', shard: name }], shards: new Map([[name, hosts]]) };
  }
  const [{ shards }, ranges] = await Promise.all([admin.command({ listShards: 1 }) as Promise<Document>, rangesOf(collections)]);
  return { ranges, shards: new Map((shards as { _id: string; host: string }[]).map(({ _id, host }) => [_id, host])) };
}
