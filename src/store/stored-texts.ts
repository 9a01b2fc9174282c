/** The texts that a store keeps, as they lie there: to go through past versions, and to put a text in place of another. */
import type { ResourceVersion } from '../model/resource.ts';
import type { ReindexPage, ReindexPart } from './reindex.ts';

export interface TextChange {
  readonly version: ResourceVersion;
  /** What must be there; if it is something else by now, it stays. */
  readonly stored: string;
  readonly raw: string;
}

export interface StoredTexts {
  /** Parts that together hold every version that is no longer current. */
  parts(): Promise<readonly ReindexPart[]>;
  /** At most about `limit` past versions. */
  page(part: ReindexPart, after: string | undefined, limit: number): Promise<ReindexPage>;
  /** Versions, times and entries stay as they are. Safe to repeat. */
  replace(part: ReindexPart, changes: readonly TextChange[]): Promise<void>;
}
