/** Administrative and financial resources in PostgreSQL. */

import type { Pool } from 'pg';
import type { WritesSink } from '../../audit/missing-writes.ts';
import type { AuditSink } from '../../audit/relay.ts';
import type { ResourceVersion } from '../../model/resource.ts';
import type { AdministrativeAdministration } from '../administration.ts';
import type { AuthorizationStore } from '../authorization.ts';

import type { ErasureStore } from '../erasure.ts';
import type { ConsistentStore, ReadTerms } from '../read-terms.ts';
import type { RecordRenamer } from '../record-moves.ts';
import type { ArchivedYears, ReindexStore } from '../reindex.ts';
import type { ResourceStore, SearchMatch, SearchScope, StoreSearch, UnitOfWork } from '../store.ts';
import type { StoredTexts } from '../stored-texts.ts';
import { administrationOf } from './administration.ts';
import { createArchivedYears } from './archive/renew.ts';
import { type AuditStoreOptions, createAuditStore } from './audit/audit-store.ts';
import { createAuditSink } from './audit/sink.ts';
import { createAuthorizationStore } from './authorization.ts';
import { ADMINISTRATIVE_TABLES } from './business-date.ts';
import { createLentClients } from './connections/lent-clients.ts';
import { createPools, endPools } from './connections/pools.ts';
import { watchServer } from './connections/server-watch.ts';
import { createPostgresErasure } from './erasure.ts';
import { asking, translating } from './errors.ts';
import { readHistory } from './history.ts';
import { findIdempotency, sweepIdempotency } from './idempotency.ts';
import { migratePostgres } from './migrate.ts';
import { createPostgresRenamer } from './move-record.ts';
import { createPartitionCatalogue } from './partitions/catalogue.ts';
import { missingAmong } from './proof/missing.ts';
import { createReader, type Reader } from './read.ts';
import { createPostgresReindex, settlePrepared } from './reindex.ts';
import { createLogPlaces, laterOfPlaces } from './replicas/log-places.ts';
import { createReplicaReader } from './replicas/replicas.ts';
import { aggregateRows } from './search/aggregate.ts';
import { explainPage } from './search/explain.ts';
import { keepPendingListsShort } from './search/pending-lists.ts';
import { collectTexts, countMatches, estimateMatches, findByStatement, findJoined, findPage } from './search/search.ts';
import { createStatementNames } from './search/statement-names.ts';
import { createTogether } from './search/together.ts';
import { createPostgresTexts } from './stored-texts.ts';
import { finishPrepared, listPrepared } from './write/two-phase.ts';
import { commitUnit, prepareUnit } from './write/unit.ts';
import { createWriteBatcher } from './write/write-batch.ts';

interface PostgresStoreOptions {
  /** The primary. */
  readonly url: string;
  /** Streaming replicas of it, which may answer searches and histories when they are up to date. */
  readonly replicaUrls?: readonly string[];
  /** Told of what an operator should know; never content. */
  readonly log?: (message: string) => void;
  /** Where archived years are exported to; without it none can be archived. */
  readonly archiveDir?: string;
  readonly maxWrite?: number;
  readonly maxSearch?: number;
  /** Those that the code which asks reads on; undefined for the usual ones. */
  readonly readTerms?: () => ReadTerms | undefined;
}

/** It tells states only where it has replicas. */
export interface PostgresStore extends ResourceStore, ConsistentStore {
  /** Writes everything and keeps it locked and unseen under `gid`, surviving crashes. @throws CommitRefused */
  prepare(gid: string, unit: UnitOfWork): Promise<void>;
  /** Makes a prepared half visible. Nothing happens if that was done before. */
  commitPrepared(gid: string): Promise<void>;
  /** Undoes a prepared half. Nothing happens if that was done before. */
  rollbackPrepared(gid: string): Promise<void>;
  /** Of versions, `<record key>/<Type>/<id>/<version>`, those that are not there and never were. */
  missingAmong(versions: readonly string[]): Promise<readonly string[]>;
  /** Names of all prepared halves that start with `prefix`. */
  listPrepared(prefix: string): Promise<readonly string[]>;
  /** Runs the migrations, and makes the partitions that rows wait for. Gives how many migrations ran. */
  migrate(): Promise<number>;
  readonly administration: AdministrativeAdministration;
  /** What the embedded authorization server keeps. */
  readonly authorization: AuthorizationStore;
  readonly reindexing: ReindexStore;
  readonly archivedYears: ArchivedYears;
  readonly texts: StoredTexts;
  readonly erasure: ErasureStore;
  readonly renamer: RecordRenamer;
  /** Where a gateway's audit events go. */
  readonly auditSink: AuditSink & WritesSink;
  /** Audit events as resources. */
  auditStore(options: AuditStoreOptions): ResourceStore;
  /** Makes the partitions that rows wait for in a default partition. Gives how many. */
  adoptWaiting(): Promise<number>;
  /** Removes idempotency records older than `before`. Gives how many. */
  sweepIdempotency(before: Date): Promise<number>;
  /** Answers if the primary does. @throws FhirError 503 */
  ping(): Promise<void>;
  /** Ends the connections once their statements are done. */
  close(): Promise<void>;
}

/** Up to so many matches an estimate is a count. */
const COUNTED = 10_000;

/** Connects at the first use. The database must be migrated. */
export function createPostgresStore(options: PostgresStoreOptions): PostgresStore {
  const { log = () => undefined } = options;
  let isClosing = false;
  const lent = createLentClients();
  const watch = watchServer({
    url: options.url,
    onSilent: () => {
      log('PostgreSQL is silent: nobody waits for it until it answers');
      lent.breakAll();
    },
    onAnswer: () => log('PostgreSQL answers again'),
  });
  const pools = createPools({
    ...options,
    lent,
    isSilent: watch.isSilent,
    onError: (error) => isClosing || log(`an idle PostgreSQL connection broke: ${error.message}`),
  });
  const partitions = createPartitionCatalogue(pools.maintenance, log);
  const places = pools.replicas.length > 0 ? createLogPlaces(pools.read) : undefined;
  const replicas = createReplicaReader(pools.search, pools.replicas, places);
  const recordReplicas = createReplicaReader(pools.record, pools.recordReplicas, places);
  const readTerms = (places && options.readTerms) ?? (() => undefined);
  const nameOf = createStatementNames('record');
  const units = { pool: pools.write, partitions, nameOf: createStatementNames('ids') };
  const keyReplicas = createReplicaReader(pools.read, pools.readReplicas, places);
  const reader = createReader(pools.read);
  const replicaReaders = pools.readReplicas.map(createReader);
  const batcher = createWriteBatcher(pools.write, partitions);
  const pending = keepPendingListsShort(pools.maintenance, log);

  /** One record's search is planned once for all, any other for its values. */
  function inRecordOf<T>(
    { patient }: Pick<SearchScope, 'patient'>,
    inRecord: (pool: Pool) => Promise<T>,
    anywhere: (pool: Pool) => Promise<T>,
  ): Promise<T> {
    return asking(() => (patient === undefined ? replicas.read(anywhere, readTerms()) : recordReplicas.read(inRecord, readTerms())));
  }

  /** What the primary answers or commits is part of the latest state from then on. */
  function noted<Args extends readonly unknown[], T>(ask: (...args: Args) => Promise<T>): (...args: Args) => Promise<T> {
    if (!places) return ask;
    return async (...args) => {
      const answer = await ask(...args);
      await places.notePrimary();
      return answer;
    };
  }

  const findTogether = createTogether({
    findAlone: (one) => recordReplicas.read((pool) => findByStatement(pool, one, nameOf)),
    findJoined: (joined, searches) => recordReplicas.read((pool) => findJoined(pool, joined, searches, nameOf)),
  });

  /** The reader of the server that this pool of `among` is of; else the primary's. */
  const readerBeside = (among: readonly Pool[], pool: Pool) => replicaReaders[among.indexOf(pool)] ?? reader;

  const readOnPrimary = noted((read: (own: Reader) => Promise<ResourceVersion | undefined>) => asking(() => read(reader)));

  /** A replica reads by key only where others than primaries may, and a token says how new it must be. */
  function readByKey(read: (own: Reader) => Promise<ResourceVersion | undefined>): Promise<ResourceVersion | undefined> {
    const terms = readTerms();
    if (!terms?.after?.administrative || terms.preference === 'primary') return readOnPrimary(read);
    return asking(() => keyReplicas.read((pool) => read(readerBeside(pools.readReplicas, pool)), terms));
  }

  /** One that waits for a state of its own goes alone. */
  function findOfRecord(search: StoreSearch): Promise<SearchMatch[]> {
    const terms = readTerms();
    if (!terms?.after?.administrative) return findTogether(search);
    return recordReplicas.read((pool) => findPage(pool, search, nameOf), terms);
  }

  /** What the planner takes for few is counted: its idea of few is the worst. */
  async function estimate(search: SearchScope): Promise<number> {
    const planned = await estimateMatches(pools.search, search);
    return planned > COUNTED ? planned : countMatches(pools.count, search).catch(() => planned);
  }

  const countShort = noted((search: SearchScope) => asking(() => countMatches(pools.count, search)));

  async function commit(unit: UnitOfWork): Promise<void> {
    const [only] = unit.writes;
    const isPlain = unit.writes.length === 1 && !unit.guards?.length && !unit.idempotency;
    if (only && isPlain) return batcher.write(only);
    await commitUnit(units, unit);
  }

  return {
    latestState: () => places?.latestState(),
    laterState: laterOfPlaces,
    read: (key) => readByKey((own) => own.read(key)),
    readVersion: (key, version) => readByKey((own) => own.readVersion(key, version)),
    history: (request) =>
      asking(() => replicas.read((pool) => readHistory(pool, readerBeside(pools.replicas, pool), request), readTerms())),
    search: (search) =>
      asking(() => (search.patient === undefined ? replicas.read((pool) => findPage(pool, search), readTerms()) : findOfRecord(search))),
    count: (search, isShort) =>
      isShort ? countShort(search) : asking(() => replicas.read((pool) => countMatches(pool, search), readTerms())),
    estimate: noted((search) => asking(() => estimate(search))),
    explain: (search) => {
      const explain = async (pool: Pool) => [await explainPage(pool, search)];
      return inRecordOf(search, explain, explain);
    },
    collect: (request) =>
      inRecordOf(
        request,
        (pool) => collectTexts(pool, request, nameOf),
        (pool) => collectTexts(pool, request),
      ),
    aggregate: (request) => asking(() => replicas.read((pool) => aggregateRows(pool, request), readTerms())),
    commit: noted((unit) => translating(() => commit(unit)).finally(() => pending.note(typesOf(unit)))),
    findIdempotency: noted((key) => asking(() => findIdempotency(pools.read, key))),
    prepare: (gid, unit) => translating(() => prepareUnit(units, gid, unit)).finally(() => pending.note(typesOf(unit))),
    commitPrepared: noted((gid) => translating(() => finishPrepared(pools.decide, 'COMMIT', gid))),
    rollbackPrepared: (gid) => translating(() => finishPrepared(pools.decide, 'ROLLBACK', gid)),
    missingAmong: (versions) => translating(() => missingAmong(pools.maintenance, versions)),
    listPrepared: (prefix) => translating(() => listPrepared(pools.decide, prefix)),
    migrate: async () => {
      const ran = await migratePostgres(pools.maintenance);
      await partitions.adoptWaiting();
      // What was written before the last stop.
      pending.note(ADMINISTRATIVE_TABLES.map(({ type }) => type));
      return ran;
    },
    administration: administrationOf(pools, partitions, options.archiveDir),
    authorization: createAuthorizationStore(pools.write),
    reindexing: createPostgresReindex(pools.maintenance),
    archivedYears: createArchivedYears(pools.maintenance, options.archiveDir),
    texts: createPostgresTexts(pools.maintenance),
    renamer: createPostgresRenamer(pools.maintenance),
    erasure: createPostgresErasure(pools.maintenance, () => settlePrepared(pools.maintenance), options.archiveDir),
    auditSink: createAuditSink(pools.audit, partitions, Date.now),
    auditStore: (auditOptions) => createAuditStore(pools.search, auditOptions),
    adoptWaiting: () => translating(() => partitions.adoptWaiting()),
    sweepIdempotency: (before) => translating(() => sweepIdempotency(pools.maintenance, before)),
    ping: () => translating(async () => void (await pools.read.query('SELECT 1'))),
    close: async () => {
      isClosing = true;
      await pending.stop();
      await Promise.all([watch.close(), endPools(pools)]);
    },
  };
}

const typesOf = ({ writes }: UnitOfWork) => writes.map(({ draft }) => draft.type);
