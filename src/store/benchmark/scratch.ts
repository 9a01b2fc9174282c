/**
 * Scratch collections and tables for `$benchmark`: generated records laid out in several ways, so that the same queries can
 * be timed on each. In a database or schema of their own: never patient data, never the gateway's own collections.
 */

/** Why a query costs what it costs, as the engine's `explain` tells. */
export interface PlanExtract {
  /** Shards or partitions that took part. */
  readonly places: readonly string[];
  /** How many shards or partitions the layout has. */
  readonly placesInAll: number;
  /** Index entries read; undefined where the engine does not count them. */
  readonly keysExamined?: number;
  /** Documents or rows looked at, those that did not match included. */
  readonly examined: number;
  readonly returned: number;
  /** Pages of the database's cache, read or hit; PostgreSQL only. */
  readonly blocks?: number;
  /** Steps of the plan by the engine's names: "IXSCAN", "Bitmap Heap Scan". */
  readonly steps: readonly string[];
}

/** What an arena takes up once it is loaded. */
export interface ArenaSize {
  /** Documents or rows with their indexes; bytes. */
  readonly bytes: number;
  /** The same by member, for the member that has most of it; bytes. */
  readonly largestShareBytes: number;
}

/** One way of laying the records out, and the queries that can be asked of it. */
export interface ScratchArena {
  /** "unsharded", "4 ranges", "partitioned", …: a name in its ground. */
  readonly layout: string;
  /** Makes the place and fills it with `records` generated records. `isCancelled` is asked between batches. */
  load(records: number, isCancelled: () => boolean): Promise<void>;
  /** Asks one query of a class; `n` varies what is asked for. Gives how many records came back. */
  run(query: string, n: number): Promise<number>;
  explain(query: string): Promise<PlanExtract>;
  size(): Promise<ArenaSize>;
}

export interface ScratchGround {
  readonly engine: string;
  /** Classes of query, in words: "one patient, latest by code". Every arena answers each. */
  readonly queries: readonly string[];
  /** The layout that the others are compared with. */
  readonly baseline: ScratchArena;
  readonly layouts: readonly ScratchArena[];
  /** Processor time of the engine's processes so far, in milliseconds; undefined where it can't be told. */
  engineCpuMs(): Promise<number | undefined>;
  /** Where that figure comes from and what it leaves out, in words. */
  readonly cpuSource: string;
  /** Where each member has a cache of its own: absent where one cache serves all layouts. */
  readonly totalCache?: TotalCache;
  /** Cache of one member in bytes, if the engine tells, and what that makes of the comparison. */
  cache(): Promise<{ readonly bytesPerMember?: number; readonly members: number; readonly baselineMembers: number }>;
  /** Removes everything that was loaded and closes what was opened. Safe to call twice. */
  drop(): Promise<void>;
}

/** Lets the baseline be measured with as much cache as the layouts over several members have in all. */
export interface TotalCache {
  /** Gives the baseline's member the caches of all members together. Undefined once it has; else why it can't be, in words, and it has its own. */
  enlarge(): Promise<string | undefined>;
  /** Gives it its own back. Safe to call at any time. @throws FhirError 503 if that can't be done now; a later sweep tries again */
  restore(): Promise<void>;
}

export interface GroundOptions {
  /** Names the database or schema: lower-case letters and digits. */
  readonly run: string;
  /** Queries asked at once at most, so that patients' queries keep their connections. */
  readonly maxConcurrency: number;
}

export interface ShardedGroundOptions extends GroundOptions {
  /** Numbers of ranges to compare with one. */
  readonly ranges: readonly number[];
}

/** A database of its own in PostgreSQL. */
export interface ScratchDatabase {
  /** With the password in it: not for logs. */
  readonly url: string;
  /** Undoes what is prepared in it, and removes it. */
  drop(): Promise<void>;
}

/** Where a commit over both stores may be given up for good, as a killed gateway's is. */
export const CRASH_STEPS = ['before-prepare', 'prepared', 'decided', 'finished'] as const;
export type CrashStep = (typeof CRASH_STEPS)[number];

/** Both stores on scratch databases of their own, and numbered units that are committed over them by the gateway's own two phases. */
export interface CommitGround {
  /** Resources of a unit. */
  readonly unitSize: number;
  /** `given up`: at the step; `refused`: whether it was carried out is not known. No number is used twice. */
  commit(n: number, giveUpAt?: CrashStep): Promise<'acknowledged' | 'refused' | 'given up'>;
  /** Finishes what was given up, as another gateway does. To be called when no commit is under way. Gives how many there were. */
  recover(): Promise<number>;
  /** How many resources of a unit are there. */
  presentOf(n: number): Promise<number>;
  /** Halves that are prepared and not decided. */
  countPrepared(): Promise<number>;
  /** Removes everything and closes what was opened. */
  drop(): Promise<void>;
}
