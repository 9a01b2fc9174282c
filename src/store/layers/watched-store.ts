/** A store that tells when resources of some types have been written. */
import type { ResourceStore } from '../store.ts';

/** @param onWritten by type, awaited before the commit answers; none of them may throw */
export function createWatchedStore(store: ResourceStore, onWritten: Readonly<Record<string, () => Promise<void>>>): ResourceStore {
  const watchers = new Map(Object.entries(onWritten));
  return {
    ...store,
    async commit(unit) {
      await store.commit(unit);
      const told = new Set(unit.writes.flatMap(({ draft }) => watchers.get(draft.type) ?? []));
      for (const tell of told) await tell();
    },
  };
}
