/** A store that tells when some resources have been written. */
import type { ResourceKey } from '../../model/resource.ts';
import type { ResourceStore } from '../store.ts';

interface Watcher {
  readonly isWatched: (key: ResourceKey) => boolean;
  /** Awaited before the commit answers; must not throw. */
  readonly onWritten: () => Promise<void>;
}

export function createWatchedStore(store: ResourceStore, watchers: readonly Watcher[]): ResourceStore {
  return {
    ...store,
    async commit(unit) {
      await store.commit(unit);
      for (const { isWatched, onWritten } of watchers) {
        if (unit.writes.some(({ draft }) => isWatched(draft))) await onWritten();
      }
    },
  };
}
