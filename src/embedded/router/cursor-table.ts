/** Where open cursors live. */
import type { MergedChangeStream } from './change-stream.ts';
import type { MergedCursor } from './merged-cursor.ts';

export type CursorHome =
  /** A cursor of one `mongod`; `isCluster`: of a cluster* command, which needs `clusterGetMore` and can't be killed. */
  | { readonly kind: 'member'; readonly shard: string; readonly address: string; readonly isCluster: boolean }
  /** One that merges the cursors of several shards here. */
  | { readonly kind: 'merged'; readonly cursor: MergedCursor }
  | { readonly kind: 'stream'; readonly stream: MergedChangeStream };

/** Servers drop cursors that nobody used for ten minutes; nothing is missed by forgetting them after thirty. */
const MAX_AGE_MS = 30 * 60_000;

export class CursorTable {
  readonly #homes = new Map<bigint, { readonly home: CursorHome; readonly usedAt: number }>();
  #lastId = 0n;

  /** An id for a merged cursor, unlike those that servers give (63 random bits). */
  nextId(): bigint {
    this.#lastId += 1n;
    return this.#lastId;
  }

  set(id: bigint, home: CursorHome): void {
    this.#homes.delete(id);
    this.#homes.set(id, { home, usedAt: performance.now() });
    this.#forgetOld();
  }

  get(id: bigint): CursorHome | undefined {
    return this.#homes.get(id)?.home;
  }

  delete(id: bigint): void {
    this.#homes.delete(id);
  }

  /** Setting moves an id to the end, so the oldest stand first. */
  #forgetOld(): void {
    const limit = performance.now() - MAX_AGE_MS;
    for (const [id, { usedAt }] of this.#homes) {
      if (usedAt > limit) return;
      this.#homes.delete(id);
    }
  }
}
