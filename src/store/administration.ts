/** What the stores tell administrators of themselves: where records lie, how large shards and partitions are, how replicas do. */
import type { ResourceVersion } from '../model/resource.ts';
import type { CommitGround, GroundOptions, ScratchDatabase, ScratchGround, ShardedGroundOptions } from './benchmark/scratch.ts';
import type { ProofControl, SetProof } from './proof/proof.ts';
import type { Renewal } from './reindex.ts';

export interface KeyRange {
  /** The least key in the range, or "MinKey". */
  readonly min: string;
  /** The least key beyond it, or "MaxKey". */
  readonly max: string;
}

export interface ZonedRange extends KeyRange {
  /** The zone that pins it to its shards, if one does. */
  readonly zone?: string;
}

export interface ShardDescription {
  readonly name: string;
  /** Members as `host:port`. */
  readonly hosts: readonly string[];
  /** Zones that the shard belongs to. */
  readonly zones: readonly string[];
  /** Ranges of `resources` that the shard owns: MongoDB's chunks. A replica set owns the whole key space. */
  readonly ranges: readonly ZonedRange[];
  /** Documents of `resources` and `history`. */
  readonly documents: number;
  /** Uncompressed size of the documents. */
  readonly bytes: number;
  readonly indexBytes: number;
  /** Patients whose records lie there; undefined where counting them takes too long. */
  readonly patients?: number;
  /** Operations on `resources` and `history` just now. */
  readonly readsPerSecond: number;
  readonly writesPerSecond: number;
}

export interface ClusterDescription {
  readonly kind: 'sharded' | 'replica-set';
  /** Every `mongos` as `host:port`; none for a replica set. */
  readonly routers: readonly string[];
  readonly configServers: readonly string[];
  readonly shards: readonly ShardDescription[];
  /** "full" or "off"; absent for a replica set. */
  readonly balancer?: string;
}

export interface MemberDescription {
  readonly host: string;
  /** PRIMARY, SECONDARY, RECOVERING, DOWN, … as the engine says. */
  readonly state: string;
  readonly isHealthy: boolean;
  /** How far the member's last applied write is behind the primary's; undefined where it can't be told. */
  readonly lagSeconds?: number;
  /** How much of the write-ahead log a PostgreSQL standby has still to replay; bytes. */
  readonly lagBytes?: number;
  /** What an election prefers; 0 for a member that is never primary. */
  readonly priority?: number;
  readonly lastApplied?: Date;
  /** Its last write that is on disk. */
  readonly lastDurable?: Date;
}

export interface ReplicaSetDescription {
  readonly name: string;
  /** The election term, where the engine has one. */
  readonly term?: number;
  /** How far back the oplog goes: a member that was away for longer must be copied anew. */
  readonly oplogSeconds?: number;
  readonly members: readonly MemberDescription[];
  /** What its primary did since it started, where the engine tells. */
  readonly operations?: OperationCounts;
  /** Why the set could not be asked, if so. */
  readonly problem?: string;
}

/** What a change of primary cost, told by scratch documents that were written meanwhile. */
export interface ElectionReport {
  /** The longest time without an acknowledged write. */
  readonly withoutPrimaryMs: number;
  readonly acknowledged: number;
  /** Tries that failed and were made again. */
  readonly retried: number;
  /** Acknowledged and not there afterwards; undefined if there was still no primary to ask. */
  readonly lost?: number;
}

/** Members of the embedded cluster, named by `host:port`, that fail on purpose and come back. */
export interface MemberDrill {
  fail(host: string, signal: 'SIGKILL' | 'SIGSTOP'): void;
  restore(host: string): void;
  failed(): readonly string[];
}

export interface PartitionDescription {
  readonly table: string;
  readonly partition: string;
  /** "2024-01-01 to 2025-01-01", or "default". */
  readonly range: string;
  readonly isDefault: boolean;
  readonly rows: number;
  readonly bytes: number;
  /** When its statistics were last gathered. */
  readonly lastAnalysed?: Date;
  /** Of a default partition: rows with a date that should have a partition of their own. */
  readonly waiting?: number;
}

/** `detached`: out of its table, not yet verified on disk; `exported`: verified, the rows still there; `dropped`: in the file only. */
export type ArchiveState = 'detached' | 'exported' | 'dropped';

/** A year that was taken out of a table. */
export interface ArchiveDescription {
  readonly partition: string;
  readonly type: string;
  readonly state: ArchiveState;
  readonly detachedAt: Date;
  readonly rows?: number;
  /** Of the file, which is the checksum that confirms the drop. */
  readonly sha256?: string;
  /** Its name in the archive folder. */
  readonly file?: string;
}

/** What a partition holds, counted. */
export interface PartitionMeasure {
  readonly partition: string;
  readonly isThere: boolean;
  readonly rows: number;
  readonly bytes: number;
  /** Rows of that year in the default partition. */
  readonly waiting: number;
}

/** Where a record's shard part lies. */
export interface RecordOwner {
  readonly shard: string;
  readonly range: KeyRange;
  readonly zone?: string;
  readonly hosts: readonly string[];
}

/** A part of a collection that a move brings to another shard. */
export interface MovePiece extends KeyRange {
  readonly collection: string;
  readonly from: string;
  readonly documents: number;
  readonly bytes: number;
}

export interface BalancerState {
  /** "full" or "off". */
  readonly mode: string;
  /** True while it moves chunks. */
  readonly isMoving: boolean;
}

/** Connections of one pool at this moment. */
export interface PoolState {
  readonly name: string;
  readonly open: number;
  readonly busy: number;
  /** Callers that wait for one. */
  readonly waiting: number;
}

/** Operations since the start of a shard's primary. */
export interface OperationCounts {
  readonly reads: number;
  readonly writes: number;
  readonly commands: number;
}

export interface ClinicalAdministration {
  describePool(): PoolState;
  describeCluster(): Promise<ClusterDescription>;
  /** One entry a shard (or the one replica set); a set that does not answer is told with its problem. */
  describeReplicas(): Promise<readonly ReplicaSetDescription[]>;
  /** Reads every member of every set (or of one) at one cluster time and compares them. */
  proveReplicas(shard: string | undefined, control: ProofControl): Promise<readonly SetProof[]>;
  /** Makes the primary of a shard stand back for so many seconds. */
  stepDown(shard: string, seconds: number): Promise<void>;
  /** Keeps a secondary from seeking election for so many seconds; 0 lets it again. */
  freeze(shard: string, host: string, seconds: number): Promise<void>;
  /** Runs `action` under writes to the shard and tells what it cost. */
  probeElection(shard: string, action: () => Promise<void>): Promise<ElectionReport>;
  ownerOf(rk: string): Promise<RecordOwner>;
  /** Record keys of documents taken at random, so that a large record comes up often. */
  sampleRecordKeys(count: number): Promise<readonly string[]>;
  shardNames(): Promise<readonly string[]>;
  /** What of a range of record keys lies on none of the shards. @throws FhirError 422 for a replica set, as all that follow */
  planMove(range: KeyRange, shards: readonly string[]): Promise<readonly MovePiece[]>;
  /** Moves a range of record keys with everything in it; may be repeated. Gives what had to move. */
  moveRange(range: KeyRange, toShard: string): Promise<readonly MovePiece[]>;
  zones(): Promise<readonly Required<ZonedRange>[]>;
  /** Pins a range to shards; nothing moves unless the balancer is on. */
  addZone(zone: string, range: KeyRange, shards: readonly string[]): Promise<void>;
  removeZone(zone: string): Promise<readonly KeyRange[]>;
  switchBalancer(state: 'start' | 'stop' | 'status'): Promise<BalancerState>;
  /** Current resources of a patient's record by type. `patient` as "Patient/123". */
  countRecord(rk: string, patient: string): Promise<ReadonlyMap<string, number>>;
  /** One range against several, in a database named after the run; undefined where there are no shards. */
  openGround(options: ShardedGroundOptions): Promise<ScratchGround | undefined>;
  /** Removes what benchmarks left behind that did not end. */
  sweepGrounds(): Promise<void>;
}

export interface AdministrativeAdministration {
  describePools(): readonly PoolState[];
  /** Halves of two-phase commits that are prepared and not decided, and the age of the oldest in seconds. */
  describePrepared(): Promise<{ readonly count: number; readonly oldestSeconds: number }>;
  describePartitions(): Promise<readonly PartitionDescription[]>;
  describeArchives(): Promise<readonly ArchiveDescription[]>;
  /** Types with their tables, each partitioned by year. */
  partitionedTables(): readonly { readonly type: string; readonly table: string }[];
  measurePartition(type: string, year: number): Promise<PartitionMeasure>;
  /** Makes the partition of a year unless it is there. @throws FhirError 503 when the table is in use for too long */
  addPartition(type: string, year: number): Promise<{ readonly partition: string; readonly isNew: boolean }>;
  /**
   * Takes a year out of its table, exports it and verifies the file; with `confirm`, the checksum that this gave, drops the rows.
   * @throws FhirError 409, 422, 503
   */
  archivePartition(type: string, year: number, confirm?: string): Promise<ArchiveDescription>;
  /** Puts an archived year back, each row in today's form if `renewed` is there to bring it into it. @throws FhirError 409, 422, 503 */
  restorePartition(type: string, year: number, renewed?: Renewal): Promise<ArchiveDescription>;
  describeReplicas(): Promise<readonly ReplicaSetDescription[]>;
  /** Compares each standby with the primary at one place in the log. */
  proveReplicas(): Promise<SetProof>;
  /** The partitions that hold a patient's admissions and claims, with how many of each. `patient` as "Patient/123". */
  partitionsOf(patient: string): Promise<readonly { readonly type: string; readonly partition: string; readonly rows: number }[]>;
  /** The partition that holds a resource, if any does. */
  partitionOf(version: ResourceVersion): Promise<string | undefined>;
  /** Partitioned against unpartitioned, in a schema named after the run. */
  openGround(options: GroundOptions): ScratchGround;
  /** A database named after the run. @throws FhirError 422 where the gateway may make none */
  openScratchDatabase(run: string): Promise<ScratchDatabase>;
  sweepGrounds(): Promise<void>;
}

export interface Administration {
  /** Only where the engines are this process's own. */
  readonly drill?: MemberDrill | undefined;
  readonly clinical: ClinicalAdministration;
  readonly administrative: AdministrativeAdministration;
  /** Where commits over both stores are made to crash, named after the run. */
  readonly openCommitGround?: (run: string) => Promise<CommitGround>;
}
