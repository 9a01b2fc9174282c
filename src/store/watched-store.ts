/** A store that tells when resources of one type have been written. */
import type { ResourceStore } from './store.ts';

/** @param onWritten awaited before the commit answers; it must not throw */
export function createWatchedStore(store: ResourceStore, type: string, onWritten: () => Promise<void>): ResourceStore {
  return {
    ...store,
    async commit(unit) {
      await store.commit(unit);
      if (unit.writes.some(({ draft }) => draft.type === type)) await onWritten();
    },
  };
}
