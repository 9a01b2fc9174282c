/** A store whose calls are timed. */
import type { ResourceStore } from '../store.ts';

/** @param timed runs a call and counts its time; `command` is the call's name */
export function createTimedStore(store: ResourceStore, timed: <T>(work: () => Promise<T>, command: string) => Promise<T>): ResourceStore {
  return {
    read: (key) => timed(() => store.read(key), 'read'),
    readVersion: (key, version) => timed(() => store.readVersion(key, version), 'readVersion'),
    history: (request) => timed(() => store.history(request), 'history'),
    search: (search) => timed(() => store.search(search), 'search'),
    count: (search, isShort) => timed(() => store.count(search, isShort), 'count'),
    estimate: (search) => timed(() => store.estimate(search), 'estimate'),
    explain: (search) => timed(() => store.explain(search), 'explain'),
    collect: (request) => timed(() => store.collect(request), 'collect'),
    aggregate: (request) => timed(() => store.aggregate(request), 'aggregate'),
    commit: (unit) => timed(() => store.commit(unit), 'commit'),
    findIdempotency: (key) => timed(() => store.findIdempotency(key), 'findIdempotency'),
  };
}
