/** A store whose commits may have to wait for something. */
import type { ResourceStore, UnitOfWork } from '../store.ts';

/** @param before what a commit waits for; undefined, as nearly always, for nothing */
export function createWaitingStore(store: ResourceStore, before: (unit: UnitOfWork) => Promise<void> | undefined): ResourceStore {
  return {
    ...store,
    commit(unit) {
      const waiting = before(unit);
      return waiting ? waiting.then(() => store.commit(unit)) : store.commit(unit);
    },
  };
}
