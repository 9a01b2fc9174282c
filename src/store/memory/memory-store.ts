/** The reference implementation of a resource store, in memory and for tests: as short as the contract allows. */

import type { ResourceDraft, ResourceKey, ResourceVersion } from '../../model/resource.ts';
import { keyText } from '../../model/resource.ts';
import { matches } from '../../search/expression/match.ts';
import { aggregateRows } from '../aggregate-rows.ts';
import type { ErasureStore } from '../erasure.ts';
import { compareMatches, sortValuesOf } from '../order.ts';
import type { ReindexStore } from '../reindex.ts';
import type {
  Guard,
  HistoryRequest,
  Idempotency,
  ResourceStore,
  SearchMatch,
  SearchScope,
  StoreCollect,
  StoreSearch,
  UnitOfWork,
  Write,
} from '../store.ts';
import { CommitRefused } from '../store.ts';
import type { StoredTexts } from '../stored-texts.ts';
import { compareHistory, isInHistory, positionOf } from './history.ts';

/** `Type/id` to all versions, oldest first. */
type Versions = Map<string, readonly ResourceDraft[]>;

function published({ index: _index, ...version }: ResourceDraft): ResourceVersion {
  return version;
}

function* currentOf(versions: Versions): Generator<ResourceDraft> {
  for (const list of versions.values()) {
    const last = list.at(-1);
    if (last && !last.deleted) yield last;
  }
}

function matching(versions: Versions, search: SearchScope): ResourceDraft[] {
  return [...currentOf(versions)].filter(
    (draft) =>
      search.types.includes(draft.type) &&
      (search.patient === undefined || draft.index.patients.includes(search.patient)) &&
      matches(search.where, draft),
  );
}

function searchPage(versions: Versions, search: StoreSearch): SearchMatch[] {
  const { sort, after } = search;
  return matching(versions, search)
    .map((draft) => ({ resource: published(draft), sortValues: sortValuesOf(draft, sort) }))
    .filter((match) => !after || compareMatches(match.sortValues, after, search) > 0)
    .sort((a, b) => compareMatches(a.sortValues, b.sortValues, search))
    .slice(0, search.limit);
}

function collected(versions: Versions, { prefixes, limit, ...scope }: StoreCollect): string[] {
  const wanted = (draft: ResourceDraft) =>
    prefixes ? draft.index.s.filter((entry) => prefixes.some((prefix) => entry.startsWith(prefix))) : [keyText(draft)];
  return [...new Set(matching(versions, scope).flatMap(wanted))].slice(0, limit);
}

function historyPage(versions: Versions, request: HistoryRequest): ResourceVersion[] {
  const found = [...versions.values()].flatMap((list) => list.filter((version, i) => isInHistory(version, list[i + 1], request)));
  return found
    .sort((a, b) => compareHistory(positionOf(a), positionOf(b)))
    .slice(0, request.limit)
    .map(published);
}

function reindexingOf(versions: Versions): ReindexStore {
  return {
    parts: async (types) => [{ store: 'memory', name: 'memory', types }],
    settle: async () => {},
    page: async ({ types }) => ({ versions: [...currentOf(versions)].filter(({ type }) => types.includes(type)).map(published) }),
    rewrite: async (_part, items) => {
      for (const { version, index } of items) {
        const list = versions.get(keyText(version)) ?? [];
        const last = list.at(-1);
        const isCurrent = last?.version === version.version && !last.deleted;
        if (isCurrent)
          versions.set(keyText(version), [...list.slice(0, -1), { ...last, index: { ...index, patients: last.index.patients } }]);
      }
    },
  };
}

function erasureOf(versions: Versions, kept: Map<string, Idempotency>): ErasureStore {
  return {
    settle: async () => {},
    lyingIn: async (rk) =>
      [...versions.values()].filter((list) => list.some((version) => version.rk === rk)).map(([first]) => first as ResourceDraft),
    archivedIn: async () => [],
    erase: async (keys) => {
      for (const key of keys) versions.delete(keyText(key));
    },
    erasePast: async (key, rk, which) => {
      const list = versions.get(keyText(key)) ?? [];
      const goes = (version: ResourceDraft) => version.rk === rk && (which === 'all' || which.includes(version.version));
      if (list.length > 0) versions.set(keyText(key), [...list.slice(0, -1).filter((version) => !goes(version)), ...list.slice(-1)]);
    },
    eraseAnswers: async (isSuch) => {
      const such = [...kept.values()].filter(({ answer }) => isSuch(answer));
      for (const { key } of such) kept.delete(key);
      return such.length;
    },
  };
}

function checkGuard(versions: Versions, guard: Guard): void {
  const found = matching(versions, { types: [guard.type], where: guard.where }).map((draft) => draft.id);
  const asExpected = found.length === guard.expected.length && guard.expected.every((id) => found.includes(id));
  if (!asExpected) throw new CommitRefused('guard');
}

function checkWrite(versions: Versions, write: Write): void {
  const current = versions.get(keyText(write.draft))?.at(-1);
  if (write.kind === 'create' && current) throw new CommitRefused('exists', write.draft);
  if (write.kind === 'replace' && current?.version !== write.previous.version) throw new CommitRefused('version', write.draft);
}

function commitUnit(versions: Versions, kept: Map<string, Idempotency>, unit: UnitOfWork): void {
  if (unit.idempotency && kept.has(unit.idempotency.key)) throw new CommitRefused('idempotency');
  for (const guard of unit.guards ?? []) checkGuard(versions, guard);
  for (const write of unit.writes) checkWrite(versions, write);
  for (const { draft } of unit.writes) versions.set(keyText(draft), [...(versions.get(keyText(draft)) ?? []), structuredClone(draft)]);
  if (unit.idempotency) kept.set(unit.idempotency.key, unit.idempotency);
}

/** Every version's text, current ones too, which do no harm here. */
function textsOf(versions: Versions): StoredTexts {
  return {
    parts: async () => [{ store: 'memory', name: 'history', types: [], isPast: true }],
    page: async () => ({ versions: [...versions.values()].flat().filter(({ raw }) => raw !== '') }),
    replace: async (_part, changes) => {
      for (const { version, stored, raw } of changes) {
        const list = versions.get(keyText(version)) ?? [];
        const isIt = (each: ResourceDraft) => each.version === version.version && each.raw === stored;
        versions.set(
          keyText(version),
          list.map((each) => (isIt(each) ? { ...each, raw } : each)),
        );
      }
    },
  };
}

interface MemoryStore extends ResourceStore {
  readonly reindexing: ReindexStore;
  readonly texts: StoredTexts;
  readonly erasure: ErasureStore;
}

/** An empty store that is gone with the process. Every commit runs alone; a search looks at every resource. */
export function createMemoryStore(): MemoryStore {
  const versions: Versions = new Map();
  const kept = new Map<string, Idempotency>();
  const versionsOf = (key: ResourceKey) => versions.get(keyText(key)) ?? [];
  const publish = (draft: ResourceDraft | undefined) => draft && published(draft);
  return {
    read: async (key) => publish(versionsOf(key).at(-1)),
    readVersion: async (key, version) => publish(versionsOf(key).find((each) => each.version === version)),
    history: async (request) => historyPage(versions, request),
    search: async (search) => searchPage(versions, search),
    count: async (search) => matching(versions, search).length,
    estimate: async (search) => matching(versions, search).length,
    explain: async (search) => {
      const returned = searchPage(versions, search).length;
      return [{ store: 'memory', types: search.types, parts: [{ nodes: ['every resource'], indexes: [], returned }] }];
    },
    collect: async (request) => collected(versions, request),
    aggregate: async (request) => aggregateRows(matching(versions, request), request),
    commit: async (unit) => commitUnit(versions, kept, unit),
    findIdempotency: async (key) => kept.get(key),
    reindexing: reindexingOf(versions),
    texts: textsOf(versions),
    erasure: erasureOf(versions, kept),
  };
}
