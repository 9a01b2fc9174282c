/** Making the index entries of what is stored anew: versions, texts and times stay as they are. */
import type { IndexEntries, ResourceVersion } from '../model/resource.ts';
import type { LeasedJobs } from './leased-jobs.ts';

/** A part of a store that is gone through in one order: a shard's range of keys, or a table. */
export interface ReindexPart {
  readonly store: 'memory' | 'mongodb' | 'postgresql';
  /** "shard_0 from 004", "encounter". */
  readonly name: string;
  readonly types: readonly string[];
  /** Where it begins and where the next one begins, in the store's own order; undefined: no bound. */
  readonly from?: string;
  readonly to?: string;
  /** Versions that are no longer current, whose texts alone are looked at. */
  readonly isPast?: true;
}

/** Some current versions of a part, in its order. */
export interface ReindexPage {
  readonly versions: readonly ResourceVersion[];
  /** After which the next page begins; undefined at the end of the part. */
  readonly after?: string;
}

export interface Reindexed {
  readonly version: ResourceVersion;
  readonly index: IndexEntries;
}

export interface ReindexStore {
  /** Parts that together hold every resource of these types, whatever moves meanwhile; with past versions of all types if asked for. */
  parts(types: readonly string[], withPast?: boolean): Promise<readonly ReindexPart[]>;
  /** Waits until what is prepared and undecided now is decided. */
  settle(): Promise<void>;
  /** At most about `limit` versions. */
  page(part: ReindexPart, after: string | undefined, limit: number): Promise<ReindexPage>;
  /**
   * Replaces the entries of those that are still current in this version; the others have been written since. Whose
   * record a resource is in stays as it is.
   */
  rewrite(part: ReindexPart, items: readonly Reindexed[]): Promise<void>;
}

/** A version with its text as a store keeps it today, and the entries that it has today. */
export type Renewal = (stored: ResourceVersion) => Reindexed;

/** What became of an archived year: in today's form, left as it was because its file is not to be had, or left for later. */
export type RenewedYear = { readonly kind: 'renewed' | 'stopped' } | { readonly kind: 'passed by'; readonly problem: string };

/** Years that are archived, whose rows no part has. */
export interface ArchivedYears {
  /** Names of their partitions. */
  list(): Promise<readonly string[]>;
  /**
   * Brings all rows of a year into today's form. Until it is done the archive is as it was, whatever is killed. Safe to repeat.
   * @throws FhirError 409 while the year is archived, restored or erased from
   */
  renew(partition: string, renewed: Renewal, isStopping: () => boolean): Promise<RenewedYear>;
}

export interface PartProgress {
  readonly part: ReindexPart;
  readonly after?: string;
  readonly done: number;
  readonly isComplete: boolean;
}

/** A run over the index: kept in the store, so that it outlives the gateway that carries it out. */
export interface ReindexJob {
  readonly id: string;
  /** The client that asked for it; none for a job of the server's own. */
  readonly client?: string;
  /** The parameter version that answers when the job is done. */
  readonly covers?: string;
  /** What every gateway must have announced before it begins; then the texts of past versions are gone through as well. */
  readonly awaits?: string;
  readonly types: readonly string[];
  readonly startedAt: number;
  readonly completedAt?: number;
  /** Resources counted when it began. */
  readonly total?: number;
  readonly parts?: readonly PartProgress[];
  /** Archived years that are in today's form, and those whose file was not to be had. */
  readonly archives?: { readonly done: readonly string[]; readonly passedBy: readonly PassedBy[] };
  /** What stopped it last; it is tried again. */
  readonly problem?: string;
}

interface PassedBy {
  readonly name: string;
  readonly problem: string;
}

export type ReindexJobs = LeasedJobs<ReindexJob>;

/** Percent of the resources that a job has done: 100 when it is complete, never before. */
export function percentOf({ parts, total, completedAt }: ReindexJob): number {
  if (completedAt !== undefined) return 100;
  const done = (parts ?? []).reduce((sum, part) => sum + part.done, 0);
  return total === undefined || total === 0 ? 0 : Math.min(99, Math.floor((100 * done) / total));
}
