/**
 * Deliberate holes, each of which drops the filter on one leg. The oracle must find every one, or it would not find the
 * mistake in the product either. A leg is named by the function that asks the store, which is on the stack when it does.
 */
import { type GuardedStore, THE_SERVER } from '../../src/access/guarded-store.ts';
import type { SearchExpression } from '../../src/search/expression/expression.ts';
import type { Scope } from '../../src/search/plan/apply-access.ts';
import type { StoreCollect, StoreSearch } from '../../src/store/store.ts';
import type { Tamper } from './side.ts';

interface Mutant {
  readonly name: string;
  readonly tamper: Tamper;
  /** Where it is looked for. */
  readonly channels: readonly string[];
}

/** What consents and labels take out. */
const isRestriction = (of: SearchExpression): boolean =>
  of.kind === 'patients' ||
  (of.kind === 'equals' && of.entry.includes('._security')) ||
  (of.kind === 'among' && of.entries.some((entry) => entry.includes('=Patient/b'))) ||
  ((of.kind === 'and' || of.kind === 'or') && of.of.some(isRestriction));

/** The expression without what keeps it in the record. */
function unfiltered(where: SearchExpression): SearchExpression {
  switch (where.kind) {
    case 'patient':
      return { kind: 'everything' };
    case 'not':
      return isRestriction(where.of) ? { kind: 'everything' } : where;
    case 'and':
    case 'or':
      return { kind: where.kind, of: where.of.map(unfiltered) };
    default:
      return where;
  }
}

/** A search of the store without what keeps it in the record. */
export function opened<T extends Scope & { readonly patient?: string }>(request: T): T {
  const { patient: _patient, ...rest } = { ...request, where: unfiltered(request.where) };
  return rest as unknown as T;
}

/** `caller` is a function, or the file of one that has no name. */
const isAskedBy = (caller: string) =>
  new RegExp(`\\bat (?:async )?(?:\\w+\\.)?${caller}\\b|/${caller}\\.ts:`).test(new Error().stack ?? '');

type SearchMethod = 'search' | 'count' | 'estimate' | 'collect' | 'aggregate';

/** Searches that this function asks for see everything. */
function openSearch(
  method: SearchMethod,
  caller: string,
  isMeant: (request: StoreCollect & Partial<StoreSearch>) => boolean = () => true,
): Tamper {
  return (guarded) => ({
    ...guarded,
    [method]: (request: never) => guarded[method](isAskedBy(caller) && isMeant(request) ? opened(request) : request),
  });
}

/** Reads that this function asks for see everything. */
function openRead(caller: string): Tamper {
  return (guarded) => ({ ...guarded, read: (key, reach, letter) => guarded.read(key, isAskedBy(caller) ? THE_SERVER : reach, letter) });
}

const opening =
  (change: (guarded: GuardedStore) => Partial<GuardedStore>): Tamper =>
  (guarded) => ({ ...guarded, ...change(guarded) });

const isBackward = ({ backward }: Partial<StoreSearch>) => backward === true;
const isFar = ({ prefixes }: StoreCollect) => prefixes === undefined;

export const MUTANTS: readonly Mutant[] = [
  { name: 'read', tamper: openRead('read'), channels: ['read'] },
  { name: 'read of a subset, 304', tamper: openRead('read'), channels: ['subset'] },
  { name: 'content of a Binary', tamper: openRead('read'), channels: ['binary'] },
  { name: 'read of $everything', tamper: openRead('pageOf'), channels: ['everything'] },
  { name: 'read of $validate', tamper: openRead('readStored'), channels: ['validate'] },
  { name: 'read of an include', tamper: openRead('includeReferred'), channels: ['include', 'wildcard'] },
  { name: 'read of an iterated include', tamper: openRead('includeReferred'), channels: ['include-iterate'] },
  { name: 'read before an update', tamper: openRead('updateById'), channels: ['write'] },
  { name: 'read before a patch', tamper: openRead('theResource'), channels: ['write'] },
  { name: 'read before a deletion', tamper: openRead('deleteById'), channels: ['write'] },
  { name: 'read before a transaction', tamper: openRead('readCurrent'), channels: ['bundle'] },
  {
    name: 'vread',
    tamper: opening(({ readVersion }) => ({ readVersion: (key, version) => readVersion(key, version, THE_SERVER) })),
    channels: ['vread'],
  },
  ...['history-instance', 'history-type', 'history-system'].map((channel) => ({
    name: channel,
    tamper: opening(({ history }) => ({ history: (request) => history(request, THE_SERVER) })),
    channels: [channel],
  })),
  { name: 'read of a List for _list', tamper: openRead('search-lists'), channels: ['list'] },
  { name: 'read of $de-identify', tamper: openRead('de-identify'), channels: ['de-identify'] },
  ...['search-type', 'search-system', 'post', 'sort', 'compartment', 'filter', 'list', 'text', 'content', 'previous', 'sort-chain'].map(
    (channel) => ({
      name: `matches of ${channel}`,
      tamper: openSearch('search', 'answerSearch'),
      channels: [channel],
    }),
  ),
  { name: 'matches of $everything', tamper: openSearch('search', 'answerSearch'), channels: ['everything'] },
  { name: 'matches of $lastn', tamper: openSearch('search', 'newestFirst'), channels: ['lastn'] },
  { name: 'referrers of _revinclude', tamper: openSearch('search', 'includeFrom'), channels: ['revinclude', 'wildcard'] },
  { name: 'pages back', tamper: openSearch('search', 'answerSearch', isBackward), channels: ['previous'] },
  { name: 'what a chained _sort looks into', tamper: openSearch('search', 'valuesAmong'), channels: ['sort-chain'] },
  { name: 'totals', tamper: openSearch('count', 'totalOf'), channels: ['total'] },
  { name: 'estimates', tamper: openSearch('estimate', 'totalOf'), channels: ['estimate'] },
  { name: 'sums', tamper: openSearch('aggregate', 'aggregate'), channels: ['aggregate'] },
  { name: 'the far end of a chain in _filter', tamper: openSearch('collect', 'farEnd', isFar), channels: ['filter'] },
  { name: 'the far end of a chain', tamper: openSearch('collect', 'farEnd', isFar), channels: ['chain'] },
  { name: 'the referrers of _has', tamper: openSearch('collect', 'farEnd', (request) => !isFar(request)), channels: ['has'] },
  { name: 'the middle of _has of _has', tamper: openSearch('collect', 'farEnd', (request) => !isFar(request)), channels: ['has-of-has'] },
  ...['conditional-create', 'conditional-update', 'conditional-patch', 'conditional-delete'].map((channel) => ({
    name: `criteria of a ${channel}`,
    tamper: openSearch('search', 'findMatches'),
    channels: [channel],
  })),
  {
    name: 'commits',
    tamper: opening(({ read, commit }) => ({
      read: (key, reach, letter) => read(key, letter === 'u' ? THE_SERVER : reach, letter),
      commit: (unit) => commit(unit, THE_SERVER),
    })),
    channels: ['write', 'bundle'],
  },
  {
    name: 'ids that a client chooses',
    tamper: opening(({ commit }) => ({ commit: (unit, reach) => commit(unit, { ...reach, mayChooseIds: () => true }) })),
    channels: ['write'],
  },
];
