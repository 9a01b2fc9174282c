/** A store whose work ends when the request that it is done for is stopped. */
import type { Work } from '../../lifecycle/work-under-way.ts';
import type { ResourceStore } from '../store.ts';

/**
 * Searches, counts and histories are cancelled in the database. Reads by key are not, since one trip serves many requests; and a
 * commit is never cut, since nobody would know what became of it. Neither is begun for a request that was stopped.
 * @param current the request that the calling code runs for
 */
export function createCancellableStore(store: ResourceStore, current: () => Work | undefined): ResourceStore {
  /** @throws what stopped the request */
  function check(): Work | undefined {
    const work = current();
    if (work?.stoppedBy) throw work.stoppedBy;
    return work;
  }

  function begin<Request extends { readonly signal?: AbortSignal }>(request: Request): Request {
    const work = check();
    return work && !request.signal ? { ...request, signal: work.signal() } : request;
  }

  return {
    read: async (key) => {
      check();
      return store.read(key);
    },
    readVersion: async (key, version) => {
      check();
      return store.readVersion(key, version);
    },
    history: async (request) => store.history(begin(request)),
    search: async (search) => store.search(begin(search)),
    count: async (search, isShort) => store.count(begin(search), isShort),
    estimate: async (search) => store.estimate(begin(search)),
    explain: async (search) => store.explain(begin(search)),
    collect: async (request) => store.collect(begin(request)),
    aggregate: async (request) => store.aggregate(begin(request)),
    commit: async (unit) => {
      check();
      return store.commit(unit);
    },
    findIdempotency: async (key) => {
      check();
      return store.findIdempotency(key);
    },
  };
}
