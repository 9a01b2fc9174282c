/** What the stores tell of whether their copies agree, for `$replica?verify=true`. */

/** Part of a collection or table: everything whose record key begins so. */
export interface RangeDigest {
  /** A collection or table. */
  readonly collection: string;
  /** The first three characters of the record keys: a zone and a hexadecimal digit. */
  readonly range: string;
  readonly documents: number;
  /** SHA-256 of the documents in the order of their keys; 64 hex digits. */
  readonly digest: string;
}

/** What one member holds. */
export interface MemberDigest {
  readonly host: string;
  readonly documents: number;
  /** SHA-256 of its range digests in order. Absent, with a problem, for a member that could not be read. */
  readonly digest?: string;
  readonly problem?: string;
}

/** A document that is not the same on all members. */
export interface Divergence {
  readonly collection: string;
  /** The document's key there. */
  readonly id: string;
  /** SHA-256 of it on each member; absent where the member does not have it. */
  readonly members: readonly { readonly host: string; readonly digest?: string }[];
}

/**
 * `equal`: all members hold the same. `incomplete`: those that could be read do. `alone`: there is nothing to compare with.
 */
export type SetVerdict = 'equal' | 'diverging' | 'incomplete' | 'alone' | 'not configured';

/** A replica set, or a database with its replicas, at one moment of its log. */
export interface SetProof {
  readonly engine: 'MongoDB' | 'PostgreSQL';
  readonly name: string;
  readonly verdict: SetVerdict;
  /** The cluster time ("1795272960:41") or place in the log ("0/16B3748") that all members were read at. */
  readonly at?: string;
  readonly members: readonly MemberDigest[];
  /** The digests that the members which could be read agree on; of the others, that of the first member. */
  readonly ranges: readonly RangeDigest[];
  readonly divergences: readonly Divergence[];
  /** True if more diverge than are named. */
  readonly isCut: boolean;
  /** Why there are no members to tell of. */
  readonly problem?: string;
}

/** How a proof under way tells and is told. */
export interface ProofControl {
  /** Told how many of how many sets are done. */
  progress(done: number, all: number): void;
  /** Ends the reading. */
  readonly signal: AbortSignal;
}

/** Documents that are named of one set at most. */
export const MOST_DIVERGENCES = 100;

/** How much of a record key names a range. */
export const RANGE_LENGTH = 3;

/** What has been read of a member: the ranges in order, or why there are none. */
export type MemberReading =
  | { readonly host: string; readonly ranges: readonly RangeDigest[] }
  | { readonly host: string; readonly problem: string };

/** What the ledger tells of a commit over both stores. */
export interface LedgerCommit {
  /** The name of the transaction. */
  readonly gid: string;
  readonly state: 'committed' | 'aborted';
  /** `<record key>/<Type>/<id>/<version>` of what it wrote; undefined where part of it has been erased since. */
  readonly writes: readonly string[] | undefined;
}

/** A cross-store commit of which something is not there. */
export interface BrokenCommit {
  /** The name of the transaction. */
  readonly gid: string;
  /** `<record key>/<Type>/<id>/<version>` of what is missing. */
  readonly missing: readonly string[];
}

/** The commits over both stores that the ledger tells of, held against both. */
export interface LedgerProof {
  readonly verdict: 'equal' | 'diverging' | 'incomplete';
  /** Commits whose every write is in its store. */
  readonly whole: number;
  /** Decided, and its second half not visible yet. */
  readonly pending: number;
  /** The ledger does not say what they wrote: part of it has been erased, or they are from before it was kept. */
  readonly untold: number;
  readonly aborted: number;
  readonly broken: readonly BrokenCommit[];
  readonly problem?: string;
}
