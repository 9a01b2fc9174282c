/**
 * The store as interactions and operations see it: every way in asks on whose behalf, or takes what the access pass marked.
 * A caller without restriction goes straight through.
 *
 * What may not be seen is as if it weren't there: `undefined`, no entry, no match.
 */

import { tooCostly } from '../model/error.ts';
import type { ResourceKey, ResourceVersion } from '../model/resource.ts';
import { identityOf } from '../model/resource.ts';
import { EVERYTHING } from '../search/expression/expression.ts';
import type { Authorized } from '../search/plan/authorized.ts';
import type { StageExplanation } from '../store/explain.ts';
import type { RecallingStore } from '../store/layers/recent-versions.ts';
import type {
  AggregateRow,
  HistoryRequest,
  Idempotency,
  ResourceStore,
  SearchMatch,
  StoreAggregate,
  StoreCollect,
  StoreSearch,
  UnitOfWork,
} from '../store/store.ts';
import { createAdmission } from './admission.ts';
import { unlessArchived } from './archived.ts';
import type { Reach } from './decision.ts';
import type { ScopeLetter } from './scopes.ts';
import { checkUnit, type WriteServices } from './written.ts';

export interface GuardedStore {
  /** The current version, also of a deletion; undefined if there is none that the letter (default `r`) reaches. */
  read(key: ResourceKey, reach: Reach, letter?: ScopeLetter): Promise<ResourceVersion | undefined>;
  /** A version that may be out of date, to build a replace on: see `store/recent-versions`. Only for who may reach all of the type. */
  recall(key: ResourceKey, reach: Reach, letter: ScopeLetter): ResourceVersion | undefined;
  /** That version if its own content is within reach, whatever the resource says today. */
  readVersion(key: ResourceKey, version: number, reach: Reach, letter?: ScopeLetter): Promise<ResourceVersion | undefined>;
  /** True if the caller may see this version's content: reads it by `r`, or is shown it by a search (`s`). */
  shows(version: ResourceVersion, reach: Reach): Promise<boolean>;
  /**
   * Versions whose own content is within reach: of one resource by `r`, of types by `s`.
   * @throws FhirError 422 `too-costly` if too many others lie between
   */
  history(request: HistoryRequest, reach: Reach): Promise<readonly ResourceVersion[]>;
  search(search: Authorized<StoreSearch>): Promise<readonly SearchMatch[]>;
  count(search: Authorized<Pick<StoreSearch, 'types' | 'where' | 'patient' | 'missing'>>, isShort?: boolean): Promise<number>;
  estimate(search: Authorized<Pick<StoreSearch, 'types' | 'where' | 'patient' | 'missing'>>): Promise<number>;
  collect(request: Authorized<StoreCollect>): Promise<readonly string[]>;
  explain(search: Authorized<StoreSearch>): Promise<readonly StageExplanation[]>;
  aggregate(request: Authorized<StoreAggregate>): Promise<readonly AggregateRow[]>;
  /**
   * Commits if every write is within reach before and after, and refers to nothing outside the record that it must stay in.
   * @throws FhirError 403, 404
   * @throws CommitRefused as the store does
   */
  commit(unit: UnitOfWork, reach: Reach): Promise<void>;
  findIdempotency(key: string): Promise<Idempotency | undefined>;
}

/**
 * The server on its own account, when nothing of what it reads reaches the client unchecked: replaying an answer, referential
 * integrity, operations that an admin scope of their own guards.
 */
export const THE_SERVER: Reach = {
  narrow: () => EVERYTHING,
  reachesAll: () => true,
  mayChooseIds: () => true,
  recordOfWrites: () => undefined,
  followsSecurityContext: () => false,
  unrestricted: () => EVERYTHING,
};

interface GuardServices extends WriteServices {
  /** Types of a history that names none. */
  readonly types: readonly string[];
}

/** Versions looked through for one page of a history. */
const MOST_LOOKED_AT = 50_000;
const BATCH = 500;

type HistoryWithTypes = HistoryRequest & { readonly types: readonly string[] };

export function guardStore(store: ResourceStore & Partial<RecallingStore>, services: GuardServices): GuardedStore {
  const { admits, reaches } = createAdmission(store, services);

  async function admitted(found: Promise<ResourceVersion | undefined>, reach: Reach, letter: ScopeLetter) {
    const version = await found;
    return version && (await admits(version, reach, letter)) ? version : undefined;
  }

  async function historyWithin(request: HistoryWithTypes, reach: Reach, letter: ScopeLetter): Promise<readonly ResourceVersion[]> {
    const { types } = request;
    const kept: ResourceVersion[] = [];
    let after = request.after;
    const limit = Math.max(request.limit, BATCH);
    for (let seen = 0; types.length > 0; seen += limit) {
      if (seen >= MOST_LOOKED_AT)
        throw tooCostly('the history within the scopes of this token is spread too thin; ask for one type or resource', '_history');
      const page = await store.history({ ...request, types, after, limit });
      for (const version of page) {
        if (await admits(version, reach, letter)) kept.push(version);
        if (kept.length === request.limit) return kept;
      }
      const last = page.at(-1);
      if (page.length < limit || !last) break;
      after = { at: last.at, identity: identityOf(last), version: last.version };
    }
    return kept;
  }

  return {
    read(key, reach, letter = 'r') {
      const found = () => store.read(key);
      if (reach.reachesAll(key.type, letter)) return found();
      return reaches(key.type, reach, letter) ? admitted(unlessArchived(found()), reach, letter) : Promise.resolve(undefined);
    },
    recall: (key, reach, letter) => (reach.reachesAll(key.type, letter) ? store.recall?.(key) : undefined),
    readVersion(key, version, reach, letter = 'r') {
      const found = () => store.readVersion(key, version);
      if (reach.reachesAll(key.type, letter)) return found();
      return reaches(key.type, reach, letter) ? admitted(unlessArchived(found()), reach, letter) : Promise.resolve(undefined);
    },
    shows: async (version, reach) => (await admits(version, reach, 'r')) || admits(version, reach, 's'),
    history(request, reach) {
      const letter = request.id === undefined ? 's' : 'r';
      const types = (request.types ?? services.types).filter((type) => reaches(type, reach, letter));
      const isWhole = types.every((type) => reach.reachesAll(type, letter));
      if (isWhole) return store.history({ ...request, types });
      return unlessArchived(historyWithin({ ...request, types }, reach, letter)).then((versions) => versions ?? []);
    },
    search: store.search,
    count: store.count,
    estimate: store.estimate,
    collect: store.collect,
    explain: store.explain,
    aggregate: store.aggregate,
    async commit(unit, reach) {
      await checkUnit(unit, reach, store, services, admits);
      await store.commit(unit);
    },
    findIdempotency: store.findIdempotency,
  };
}
