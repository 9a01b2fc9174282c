/**
 * The stores as one: each type where `placement.ts` puts it, units over both by two-phase commit, histories and searches
 * over several types merged. Nothing above knows that there are two.
 */
import { FhirError } from '../../model/error.ts';
import { identityOf, type ResourceVersion } from '../../model/resource.ts';

import { compareBytes, compareMatches } from '../order.ts';
import type { HistoryRequest, Idempotency, ResourceStore, SearchMatch, SearchScope, StoreSearch, UnitOfWork } from '../store.ts';

import type { DecidingStore, PreparingStore } from './participants.ts';
import { type StoreName, storeOf } from './placement.ts';
import type { TwoPhaseCommit } from './two-phase.ts';

interface PlacementOptions {
  readonly clinical: DecidingStore;
  readonly administrative: PreparingStore;
  /** Audit events, which nobody writes through here. */
  readonly audit: ResourceStore;
  /** Every type that the gateway serves. */
  readonly types: readonly string[];
  readonly twoPhase: Pick<TwoPhaseCommit, 'commit'>;
}

export function createPlacementStore({ clinical, administrative, audit, types, twoPhase }: PlacementOptions): ResourceStore {
  const stores: Readonly<Record<StoreName, ResourceStore>> = { clinical, administrative, audit };
  const placed = (type: string) => stores[storeOf(type)];

  /** The stores that a list of types touches, each with its own types. */
  function spread(wanted: readonly string[]): readonly { readonly store: ResourceStore; readonly types: readonly string[] }[] {
    const names = ['clinical', 'administrative', 'audit'] as const;
    return names
      .map((name) => ({ store: stores[name], types: wanted.filter((type) => storeOf(type) === name) }))
      .filter((part) => part.types.length > 0);
  }

  async function history(request: HistoryRequest): Promise<readonly ResourceVersion[]> {
    const parts = spread(request.types ?? types);
    const pages = await Promise.all(parts.map((part) => part.store.history({ ...request, types: part.types })));
    return pages.length === 1 ? (pages[0] as readonly ResourceVersion[]) : pages.flat().sort(newestFirst).slice(0, request.limit);
  }

  /** What each store gives; without one that does not answer where that may be told, unless it is the only one. */
  async function fromEach<Result>(
    { types: wanted, missing }: Pick<StoreSearch, 'types' | 'missing'>,
    ask: (store: ResourceStore, types: readonly string[]) => Promise<Result>,
  ): Promise<readonly Result[]> {
    const parts = spread(wanted);
    const answers = parts.map((part) => ask(part.store, part.types));
    if (!missing || parts.length < 2) return Promise.all(answers);
    const settled = await Promise.allSettled(answers);
    const refused = settled.filter((answer) => answer.status === 'rejected').map(({ reason }) => reason as unknown);
    if (refused.length === 0) return settled.map((answer) => (answer as PromiseFulfilledResult<Result>).value);
    if (refused.length === parts.length || !refused.every(isUnavailable)) throw refused[0];
    for (const { message } of refused) missing(message);
    return settled.filter((answer) => answer.status === 'fulfilled').map(({ value }) => value);
  }

  async function search(stage: StoreSearch): Promise<readonly SearchMatch[]> {
    const pages = await fromEach(stage, (store, types) => store.search({ ...stage, types }));
    if (pages.length === 1) return pages[0] as readonly SearchMatch[];
    return pages
      .flat()
      .sort((a, b) => compareMatches(a.sortValues, b.sortValues, stage))
      .slice(0, stage.limit);
  }

  async function sumOver(stage: SearchScope, ask: (store: ResourceStore, part: SearchScope) => Promise<number>): Promise<number> {
    const counts = await fromEach(stage, (store, types) => ask(store, { ...stage, types }));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  async function commit(unit: UnitOfWork): Promise<void> {
    const half = (name: StoreName): UnitOfWork => ({
      writes: unit.writes.filter(({ draft }) => storeOf(draft.type) === name),
      guards: unit.guards?.filter(({ type }) => storeOf(type) === name),
    });
    const [clinicalHalf, administrativeHalf] = [half('clinical'), half('administrative')];
    if (!isEmpty(half('audit'))) return audit.commit(unit);
    if (isEmpty(administrativeHalf)) return clinical.commit(unit);
    if (isEmpty(clinicalHalf)) return administrative.commit(unit);
    return twoPhase.commit({ ...clinicalHalf, idempotency: unit.idempotency }, administrativeHalf);
  }

  /**
   * A record lies in the store that its commit decided in. One that does not answer is passed over: a repeated request
   * commits where the first did, and is found out there by the record's own key.
   */
  async function findIdempotency(key: string): Promise<Idempotency | undefined> {
    const [first, second] = await Promise.allSettled([clinical.findIdempotency(key), administrative.findIdempotency(key)]);
    for (const answer of [first, second]) {
      if (answer.status === 'fulfilled' && answer.value) return answer.value;
      if (answer.status === 'rejected' && !isUnavailable(answer.reason)) throw answer.reason;
    }
    return undefined;
  }

  return {
    read: (key) => placed(key.type).read(key),
    readVersion: (key, version) => placed(key.type).readVersion(key, version),
    history,
    search,
    count: (stage, isShort) => sumOver(stage, (store, part) => store.count(part, isShort)),
    estimate: (stage) => sumOver(stage, (store, part) => store.estimate(part)),
    explain: async (stage) => {
      const parts = await Promise.all(spread(stage.types).map((part) => part.store.explain({ ...stage, types: part.types })));
      return parts.flat();
    },
    collect: async (request) => {
      const parts = await Promise.all(spread(request.types).map((part) => part.store.collect({ ...request, types: part.types })));
      return [...new Set(parts.flat())].slice(0, request.limit);
    },
    aggregate: async (request) => {
      const [type] = request.types;
      return type === undefined ? [] : placed(type).aggregate(request);
    },
    commit,
    findIdempotency,
  };
}

const isUnavailable = (error: unknown): error is FhirError => error instanceof FhirError && error.status === 503;

function isEmpty({ writes, guards }: UnitOfWork): boolean {
  return writes.length === 0 && (guards?.length ?? 0) === 0;
}

function newestFirst(a: ResourceVersion, b: ResourceVersion): number {
  return b.at - a.at || compareBytes(identityOf(a), identityOf(b)) || b.version - a.version;
}
