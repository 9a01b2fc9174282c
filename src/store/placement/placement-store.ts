/**
 * The stores as one: each type where `placement.ts` puts it, units over both by two-phase commit, histories and searches
 * over several types merged. Nothing above knows that there are two.
 */
import { identityOf, type ResourceVersion } from '../../model/resource.ts';
import { compareBytes, compareMatches } from '../order.ts';
import type { HistoryRequest, ResourceStore, SearchMatch, SearchScope, StoreSearch, UnitOfWork } from '../store.ts';
import type { DecidingStore, PreparingStore } from './participants.ts';
import { type StoreName, storeOf } from './placement.ts';
import type { TwoPhaseCommit } from './two-phase.ts';

export interface PlacementOptions {
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

  async function search(stage: StoreSearch): Promise<readonly SearchMatch[]> {
    const parts = spread(stage.types);
    const pages = await Promise.all(parts.map((part) => part.store.search({ ...stage, types: part.types })));
    if (pages.length === 1) return pages[0] as readonly SearchMatch[];
    return pages
      .flat()
      .sort((a, b) => compareMatches(a.sortValues, b.sortValues, stage))
      .slice(0, stage.limit);
  }

  async function sumOver(stage: SearchScope, ask: (store: ResourceStore, part: SearchScope) => Promise<number>): Promise<number> {
    const counts = await Promise.all(spread(stage.types).map((part) => ask(part.store, { ...stage, types: part.types })));
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
    findIdempotency: async (key) => (await clinical.findIdempotency(key)) ?? administrative.findIdempotency(key),
  };
}

function isEmpty({ writes, guards }: UnitOfWork): boolean {
  return writes.length === 0 && (guards?.length ?? 0) === 0;
}

function newestFirst(a: ResourceVersion, b: ResourceVersion): number {
  return b.at - a.at || compareBytes(identityOf(a), identityOf(b)) || b.version - a.version;
}
