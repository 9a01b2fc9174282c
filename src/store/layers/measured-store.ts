/** A store whose calls are counted, one by one, with how long they took. */
import { CommitRefused, type ResourceStore } from '../store.ts';

/** Told of each call. `isFailure` is false for a commit that was refused: that is an answer. */
type Measure = (operation: string, seconds: number, isFailure: boolean) => void;

export function createMeasuredStore(store: ResourceStore, measure: Measure): ResourceStore {
  async function measured<T>(operation: string, work: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    let isFailure = false;
    try {
      return await work();
    } catch (error) {
      isFailure = !(error instanceof CommitRefused);
      throw error;
    } finally {
      measure(operation, (performance.now() - startedAt) / 1000, isFailure);
    }
  }

  return {
    read: (key) => measured('read', () => store.read(key)),
    readVersion: (key, version) => measured('read-version', () => store.readVersion(key, version)),
    history: (request) => measured('history', () => store.history(request)),
    search: (search) => measured('search', () => store.search(search)),
    count: (search, isShort) => measured('count', () => store.count(search, isShort)),
    estimate: (search) => measured('estimate', () => store.estimate(search)),
    explain: (search) => measured('explain', () => store.explain(search)),
    collect: (request) => measured('collect', () => store.collect(request)),
    aggregate: (request) => measured('aggregate', () => store.aggregate(request)),
    commit: (unit) => measured('commit', () => store.commit(unit)),
    findIdempotency: (key) => measured('find-idempotency', () => store.findIdempotency(key)),
  };
}
