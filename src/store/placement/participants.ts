/** What the two stores add to `ResourceStore` so that one unit of work can span both. */
import type { LedgerCommit } from '../proof/proof.ts';
import type { ResourceStore, UnitOfWork } from '../store.ts';

/** Names a two-phase commit; `rk` is the record key under which its marker lies. */
export interface CommitName {
  readonly gid: string;
  readonly rk: string;
}

/** The store that decides: its transaction holds the marker, the only commit point. */
export interface DecidingStore extends ResourceStore {
  openMarkedCommit(): {
    readonly sessionId: string;
    commit(unit: UnitOfWork, marker: CommitName & { readonly answer: string; readonly writes: readonly string[] }): Promise<void>;
    end(): Promise<void>;
  };
  /** Fences the commit unless its marker is there, and says which it is. */
  decide(name: CommitName, sessionId: string | undefined): Promise<'committed' | 'aborted'>;
  /** Commits over both stores that the ledger tells of and that were decided before that time, in parts. */
  listCommits(before: Date): AsyncIterable<readonly LedgerCommit[]>;
  /** Of versions, `<record key>/<Type>/<id>/<version>`, those that are not there and never were. */
  missingAmong(versions: readonly string[]): Promise<readonly string[]>;
  /** Removes markers and idempotency records older than `before`, but not the markers of `keep`. */
  sweepLedger(before: Date, keep: readonly CommitName[]): Promise<number>;
  /** Removes parts of large texts older than `before` that no version names. */
  sweepOrphans(before: Date): Promise<number>;
}

/** The store that follows: it prepares its half and carries out what the other decided. */
export interface PreparingStore extends ResourceStore {
  /** Writes everything and keeps it locked and unseen under `gid`, surviving crashes. @throws CommitRefused */
  prepare(gid: string, unit: UnitOfWork): Promise<void>;
  /** Makes a prepared half visible. Nothing happens if that was done before. */
  commitPrepared(gid: string): Promise<void>;
  /** Undoes a prepared half. Nothing happens if that was done before. */
  rollbackPrepared(gid: string): Promise<void>;
  /** As the deciding store's. */
  missingAmong(versions: readonly string[]): Promise<readonly string[]>;
  /** Names of all prepared halves that start with `prefix`. */
  listPrepared(prefix: string): Promise<readonly string[]>;
  /** Removes idempotency records older than `before`. */
  sweepIdempotency(before: Date): Promise<number>;
}
