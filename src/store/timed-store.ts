/** A store whose calls are timed. */
import type { ResourceStore } from './store.ts';

/** @param timed runs a call and counts its time */
export function createTimedStore(store: ResourceStore, timed: <T>(work: () => Promise<T>) => Promise<T>): ResourceStore {
  return {
    read: (key) => timed(() => store.read(key)),
    readVersion: (key, version) => timed(() => store.readVersion(key, version)),
    history: (request) => timed(() => store.history(request)),
    search: (search) => timed(() => store.search(search)),
    count: (search, isShort) => timed(() => store.count(search, isShort)),
    estimate: (search) => timed(() => store.estimate(search)),
    explain: (search) => timed(() => store.explain(search)),
    collect: (request) => timed(() => store.collect(request)),
    aggregate: (request) => timed(() => store.aggregate(request)),
    commit: (unit) => timed(() => store.commit(unit)),
    findIdempotency: (key) => timed(() => store.findIdempotency(key)),
  };
}
