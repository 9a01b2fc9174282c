/** The clinical store: resources as documents of a MongoDB cluster, sharded by record key. */
import type { ClientSession } from 'mongodb';
import type { ClinicalAdministration } from '../administration.ts';
import type { ErasureStore } from '../erasure.ts';
import type { LedgerCommit } from '../proof/proof.ts';
import type { ConsistentStore, ReadTerms } from '../read-terms.ts';
import { createRecordDirectory, type RecordKeys } from '../record-keys.ts';
import type { RecordMover } from '../record-moves.ts';
import type { ReindexStore } from '../reindex.ts';
import { CommitRefused, type Guard, type ResourceStore, type UnitOfWork } from '../store.ts';
import type { StoredTexts } from '../stored-texts.ts';
import { sweepChunks } from './chunks.ts';
import { connectMongo, type MongoCollections, type MongoOptions } from './client.ts';
import { watchCoLocation } from './cluster/co-location.ts';
import { freeze, probeElection, stepDown } from './cluster/drill.ts';
import { addZone, moveRange, planMove, removeZone, switchBalancer } from './cluster/layout.ts';
import { describeReplicas } from './cluster/replicas.ts';
import { sampleRecordKeys } from './cluster/shard-figures.ts';
import { createShardTrips, type ShardTrips } from './cluster/shard-trips.ts';
import { noPrimary, type ShardWatch, watchShards } from './cluster/shard-watch.ts';
import { countRecord, describeCluster, ownerOfRecord, shardHosts, zonesOf } from './cluster/topology.ts';
import { laterOfTimes, latestClusterTime } from './cluster-time.ts';
import { createMongoErasure } from './erasure.ts';
import { translate } from './errors.ts';
import { readHistory } from './history.ts';
import { createMongoMover } from './move-record.ts';
import { listCommits, missingAmong } from './proof/commits.ts';
import { proveReplicas } from './proof/prove.ts';
import { createReader } from './read.ts';
import { createReadsOn } from './reads-on.ts';
import { createMongoReindex } from './reindex.ts';
import { openMongoGround, sweepMongoGrounds } from './scratch/ground.ts';
import { createSearcher } from './search/search.ts';
import { createMongoTexts } from './stored-texts.ts';
import { createGuardLocks, type GuardLocks } from './write/guard-locks.ts';
import { decideTransaction, findIdempotency, type LedgerMarker, ledgerIdOfKey, sweepLedger } from './write/ledger.ts';
import { inTransaction } from './write/transaction.ts';
import { isSingleDocument, type Placing, placesOf } from './write/unit-plan.ts';
import { createBatchedWriter } from './write/write-batch.ts';
import { createUnitWriter } from './write/write-unit.ts';

export interface MongoStoreOptions extends MongoOptions {
  /** The resource types that the store holds. */
  readonly types: readonly string[];
  /** True for types whose resources are never in a patient's compartment, and for Patient: their id tells their record key. */
  readonly isOwnerType: (type: string) => boolean;
  /** Where patients' records lie; default: where their ids tell. */
  readonly records?: RecordKeys;
  /** How the caller reads; undefined for the usual way. Default: everybody reads the usual way. */
  readonly readTerms?: () => ReadTerms | undefined;
}

/** A session opened ahead of a two-phase commit, so that its id can be part of the commit's name. */
export interface MarkedCommit {
  /** The session's UUID as hex text. */
  readonly sessionId: string;
  /** Commits unit and marker together. The marker is the commit point of both stores. @throws CommitRefused */
  commit(unit: UnitOfWork, marker: LedgerMarker): Promise<void>;
  end(): Promise<void>;
}

export interface MongoStore extends ResourceStore, ConsistentStore {
  readonly collections: MongoCollections;
  readonly administration: ClinicalAdministration;
  readonly reindexing: ReindexStore;
  readonly texts: StoredTexts;
  readonly erasure: ErasureStore;
  readonly mover: RecordMover;
  /** How the shards are just now. */
  readonly shards: { readonly watch: ShardWatch; readonly trips: ShardTrips };
  /** Names the gateway that holds the locks of conditional writes. */
  readonly holdLocksAs: GuardLocks['holdAs'];
  openMarkedCommit(): MarkedCommit;
  /** Decides a commit that is in doubt: see `decideTransaction`. */
  decide(marker: Pick<LedgerMarker, 'gid' | 'rk'>, sessionId: string | undefined): Promise<'committed' | 'aborted'>;
  listCommits(before: Date): AsyncIterable<readonly LedgerCommit[]>;
  missingAmong(versions: readonly string[]): Promise<readonly string[]>;
  sweepLedger(before: Date, keep: readonly Pick<LedgerMarker, 'gid' | 'rk'>[]): Promise<number>;
  /** Removes parts of large texts older than `before` that no version names. */
  sweepOrphans(before: Date): Promise<number>;
  /** @throws when the cluster does not answer within 2 s */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** Connects and gives the store. The collections must have been migrated (`migrateMongo`). */
export async function createMongoStore(options: MongoStoreOptions): Promise<MongoStore> {
  const collections = await connectMongo(options);
  const { client } = collections;
  const placing: Placing = { isOwnerType: options.isOwnerType, records: options.records ?? createRecordDirectory() };
  const watch = watchShards(collections);
  const trips = createShardTrips(watch);
  const readsOf = (own: MongoCollections) => {
    const reader = createReader(own, placing, trips);
    return { collections: own, reader, searcher: createSearcher(own, reader, watch, trips, placing.records) };
  };
  const usual = readsOf(collections);
  const { reader, searcher } = usual;
  const readsOn = createReadsOn(collections, readsOf);
  const ask = <T>(read: (reads: typeof usual) => Promise<T>): Promise<T> => {
    const terms = options.readTerms?.();
    return terms ? readsOn(terms, read) : read(usual);
  };
  const coLocation = watchCoLocation(collections);
  const batched = createBatchedWriter(collections, coLocation.isCoLocated, trips, placing.records);
  const units = createUnitWriter(collections, placing);
  const locks = createGuardLocks(collections, trips);

  async function commitTogether(unit: UnitOfWork, marker?: LedgerMarker, session?: ClientSession): Promise<void> {
    const places = placesOf(unit, placing.records);
    await trips.untilWritable(places);
    await units.prepare(unit);
    const carryOut = (own: ClientSession) => units.carryOut(unit, own, marker);
    await inTransaction(client, carryOut, session, () => isUnwell(places));
  }

  async function checkGuard({ type, where, patient, expected }: Guard): Promise<void> {
    const sort = [{ parameter: '_identity', descending: false }];
    const found = await searcher.search({ types: [type], where, ...(patient && { patient }), sort, limit: expected.length + 1 });
    const isAsExpected = found.length === expected.length && found.every(({ resource }) => expected.includes(resource.id));
    if (!isAsExpected) throw new CommitRefused('guard');
  }

  async function guarded({ guards = [] }: UnitOfWork, carryOut: () => Promise<void>): Promise<void> {
    if (guards.length === 0) return carryOut();
    const check = async () => void (await Promise.all(guards.map(checkGuard)));
    await locks.during(guards, { check, commit: carryOut });
  }

  const isUnwell = (places: readonly string[]) =>
    !watch.isAllWell() && places.some((id) => watch.unwellSince(watch.ownerOf(id)) !== undefined);

  /** The error, named after the shards that are the reason. */
  function explained(error: unknown): unknown {
    const told = translate(error);
    return told !== error && !watch.isAllWell() ? noPrimary(watch.unwell(), error) : told;
  }

  const inOurWords = <Result>(work: Promise<Result>): Promise<Result> => work.catch((error: unknown) => Promise.reject(explained(error)));

  async function commit(unit: UnitOfWork): Promise<void> {
    const [write] = unit.writes;
    const isAlone = unit.writes.length === 1 && !unit.idempotency;
    if (!write || !isAlone || !isSingleDocument(write, placing)) return commitTogether(unit);
    await units.prepare(unit);
    return write.kind === 'create' ? batched.create(write.draft) : batched.replace(write.draft, write.previous);
  }

  return {
    collections,
    administration: administrationOf(collections),
    reindexing: createMongoReindex(collections),
    texts: createMongoTexts(collections),
    mover: createMongoMover(collections, options.isOwnerType),
    erasure: createMongoErasure(collections, reader, options.isOwnerType),
    latestState: () => latestClusterTime(client),
    laterState: laterOfTimes,
    read: (key) => ask(({ reader: own }) => own.read(key)),
    readVersion: (key, version) => ask(({ reader: own }) => own.readVersion(key, version)),
    search: (search) => ask(({ searcher: own }) => own.search(search)),
    count: (search, isShort) => ask(({ searcher: own }) => own.count(search, isShort)),
    estimate: (search) => ask(({ searcher: own }) => own.estimate(search)),
    collect: (request) => ask(({ searcher: own }) => own.collect(request)),
    explain: (search) => ask(({ searcher: own }) => own.explain(search)),
    aggregate: (request) => ask(({ searcher: own }) => own.aggregate(request)),
    findIdempotency: async (key) => {
      await trips.untilWritable([ledgerIdOfKey(key)]);
      return findIdempotency(collections, key);
    },

    history: (request) => {
      const types = request.types ?? options.types;
      const [type] = types;
      return ask(async (own) => {
        const current = request.id !== undefined && type ? await own.reader.read({ type, id: request.id }) : undefined;
        return readHistory(own.collections, { ...request, types }, current, trips);
      });
    },

    commit: (unit) => inOurWords(guarded(unit, () => commit(unit))),

    shards: { watch, trips },
    holdLocksAs: locks.holdAs,

    openMarkedCommit() {
      const session = client.startSession();
      return {
        sessionId: session.id?.id.toString('hex') ?? '',
        commit: (unit, marker) => inOurWords(guarded(unit, () => commitTogether(unit, marker, session))),
        end: () => session.endSession(),
      };
    },

    decide: (marker, sessionId) => inOurWords(decideTransaction(collections, marker, sessionId)),
    listCommits: (before) => listCommits(collections, before),
    missingAmong: (versions) => missingAmong(collections, versions),
    sweepLedger: (before, keep) => sweepLedger(collections, before, keep),
    sweepOrphans: (before) => sweepChunks(collections, before),
    ping: async () => {
      await client.db('admin').command({ ping: 1, maxTimeMS: 2_000 });
    },
    close: async () => {
      coLocation.stop();
      await watch.close();
      await client.close();
    },
  };
}

function administrationOf(collections: MongoCollections): ClinicalAdministration {
  return {
    describePool: () => collections.pool,
    describeCluster: () => describeCluster(collections),
    describeReplicas: () => describeReplicas(collections),
    proveReplicas: (shard, control) => proveReplicas(collections, shard, control),
    stepDown: (shard, seconds) => stepDown(collections, shard, seconds),
    freeze: (shard, host, seconds) => freeze(collections, shard, host, seconds),
    probeElection: (shard, action) => probeElection(collections, shard, action),
    ownerOf: (rk) => ownerOfRecord(collections, rk),
    sampleRecordKeys: (count) => sampleRecordKeys(collections, count),
    shardNames: async () => [...(await shardHosts(collections)).keys()],
    planMove: (range, shards) => planMove(collections, range, shards),
    moveRange: (range, toShard) => moveRange(collections, range, toShard),
    zones: () => zonesOf(collections),
    addZone: (zone, range, shards) => addZone(collections, zone, range, shards),
    removeZone: (zone) => removeZone(collections, zone),
    switchBalancer: (state) => switchBalancer(collections, state),
    countRecord: (rk, patient) => countRecord(collections, rk, patient),
    openGround: (options) => openMongoGround(collections, options),
    sweepGrounds: () => sweepMongoGrounds(collections),
  };
}
