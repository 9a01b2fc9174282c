/**
 * Deliberate faults: each is a mistake that a store's search could make. The differential test must find every one of them,
 * or it would not find the mistake in a store either.
 */
import type { RangeEntry } from '../../src/model/resource.ts';
import type { BoundCondition, SearchExpression } from '../../src/search/expression/expression.ts';
import type { Matchable } from '../../src/search/expression/match.ts';
import { matches } from '../../src/search/expression/match.ts';
import type { SortValue } from '../../src/store/order.ts';
import { compareBytes, compareSortValues } from '../../src/store/order.ts';
import type { SortKey } from '../../src/store/store.ts';
import type { Decisions } from './model.ts';
import { RIGHT } from './model.ts';

type Of<K extends SearchExpression['kind']> = Extract<SearchExpression, { kind: K }>;
type Leaves = { [K in SearchExpression['kind']]?: (expression: Of<K>, resource: Matchable) => boolean };

/** `match.ts` with some kinds read wrongly, at any depth. */
function misread(leaves: Leaves): typeof matches {
  const wrong = (expression: SearchExpression, resource: Matchable): boolean => {
    const leaf = leaves[expression.kind] as ((expression: SearchExpression, resource: Matchable) => boolean) | undefined;
    if (leaf) return leaf(expression, resource);
    if (expression.kind === 'and') return expression.of.every((part) => wrong(part, resource));
    if (expression.kind === 'or') return expression.of.some((part) => wrong(part, resource));
    if (expression.kind === 'not') return !wrong(expression.of, resource);
    return matches(expression, resource);
  };
  return wrong;
}

const holds = (conditions: readonly BoundCondition[]) => (entry: RangeEntry) =>
  matches(
    { kind: 'range', key: entry.k, conditions },
    { type: '', id: '', at: 0, index: { patients: [], s: [], r: [entry], pc: [], d: null, o: {} } },
  );
const withKey = ({ index }: Matchable, key: string) => index.r.filter((entry) => entry.k === key);
const like = (pattern: string) =>
  new RegExp(
    `^${pattern
      .replace(/[.*+?^$()|[\]\\{}]/g, '\\$&')
      .replaceAll('%', '.*')
      .replaceAll('_', '.')}`,
    'su',
  );
const asPattern = (source: string, text: string) => {
  try {
    return new RegExp(`^${source}`, 'u').test(text);
  } catch {
    return false;
  }
};

const swapped = (conditions: readonly BoundCondition[]) =>
  conditions.map((each): BoundCondition => ({ ...each, bound: each.bound === 'lo' ? 'hi' : 'lo' }));
const inclusive = (conditions: readonly BoundCondition[]) =>
  conditions.map((each): BoundCondition => ({ ...each, op: each.op === 'lt' ? 'le' : each.op === 'gt' ? 'ge' : each.op }));

const reading = (leaves: Leaves): Decisions => ({ ...RIGHT, matches: misread(leaves) });

function comparing(compare: (a: SortValue, b: SortValue, key: SortKey) => number): Decisions {
  const compareAll: typeof compareSortValues = (a, b, sort) => {
    for (const [i, key] of sort.entries()) {
      const order = compare(a[i] ?? null, b[i] ?? null, key);
      if (order !== 0) return order;
    }
    return 0;
  };
  return { ...RIGHT, compare: compareAll };
}

const rightly = (a: SortValue, b: SortValue, key: SortKey) => compareSortValues([a], [b], [key]);
const bothTexts = (a: SortValue, b: SortValue): boolean => typeof a === 'string' && typeof b === 'string';

/** By name. */
export const FAULTS: Readonly<Record<string, Decisions>> = {
  'conditions of a range met by different entries (no $elemMatch)': reading({
    range: ({ key, conditions }, resource) =>
      conditions.every((each) => withKey(resource, key).some(holds([each]))) && withKey(resource, key).length > 0,
  }),
  'a distance in degrees, as if the earth were flat': reading({
    near: ({ keys, latitude, longitude, kilometres }, resource) => {
      const [at, along] = [keys.latitude, keys.longitude].map((key) => withKey(resource, key)[0]?.lo);
      return at !== undefined && along !== undefined && Math.hypot(at - latitude, along - longitude) <= kilometres / 111;
    },
  }),
  'a position without its longitude is on the meridian': reading({
    near: (expression, { index, ...resource }) => {
      const r = [...index.r, { k: expression.keys.longitude, lo: 0, hi: 0 }];
      return matches(expression, { ...resource, index: { ...index, r } });
    },
  }),
  'a range of any key': reading({ range: ({ conditions }, { index }) => index.r.some(holds(conditions)) }),
  'the key of a range read as the start of it': reading({
    range: ({ key, conditions }, { index }) => index.r.some((entry) => entry.k.startsWith(key) && holds(conditions)(entry)),
  }),
  'lo and hi swapped': reading({ range: (range, resource) => matches({ ...range, conditions: swapped(range.conditions) }, resource) }),
  'strict bounds read as inclusive': reading({
    range: (range, resource) => matches({ ...range, conditions: inclusive(range.conditions) }, resource),
  }),
  'numbers compared in single precision': reading({
    range: ({ key, conditions }, resource) =>
      withKey(resource, key).some((entry) =>
        holds(conditions.map((each) => ({ ...each, value: Math.fround(each.value) })))({
          k: key,
          lo: Math.fround(entry.lo),
          hi: Math.fround(entry.hi),
        }),
      ),
  }),
  'a negation pushed inside the entry': reading({
    not: ({ of }, resource) =>
      of.kind === 'range'
        ? withKey(resource, of.key).some((entry) => !holds(of.conditions)(entry))
        : of.kind === 'equals'
          ? resource.index.s.some((entry) => entry !== of.entry)
          : !matches(of, resource),
  }),
  'a negation that needs the element (SQL null)': reading({
    not: ({ of }, resource) => (of.kind !== 'range' || withKey(resource, of.key).length > 0) && !matches(of, resource),
  }),
  'not (a and b) read as not a and not b': reading({
    not: ({ of }, resource) => (of.kind === 'and' ? of.of.every((part) => !matches(part, resource)) : !matches(of, resource)),
  }),
  'LIKE without escaping': reading({ prefix: ({ entry }, { index }) => index.s.some((each) => like(entry).test(each)) }),
  'a prefix read as a regular expression': reading({ prefix: ({ entry }, { index }) => index.s.some((each) => asPattern(entry, each)) }),
  'a prefix that ends below U+FFFF': reading({
    prefix: ({ entry }, { index }) => index.s.some((each) => compareBytes(each, entry) >= 0 && compareBytes(each, `${entry}\uffff`) < 0),
  }),
  'a prefix found anywhere': reading({
    prefix: ({ entry }, { index }) => {
      const at = entry.search(/[=~^]/) + 1;
      return index.s.some((each) => each.startsWith(entry.slice(0, at)) && each.slice(at).includes(entry.slice(at)));
    },
  }),
  'one of several read as all of them': reading({ among: ({ entries }, { index }) => entries.every((entry) => index.s.includes(entry)) }),
  'one of several read as the first': reading({ among: ({ entries: [first = ''] }, { index }) => index.s.includes(first) }),
  'text looked for beyond the mark': reading({
    contains: ({ start, text }, { index }) => index.s.some((each) => each.startsWith(start) && each.slice(start.length).includes(text)),
  }),
  'an end found anywhere': reading({
    contains: ({ start, text, isEnd }, resource) => matches({ kind: 'contains', start, text }, resource) && (isEnd ?? true),
  }),
  'the words of a phrase in any order': reading({
    contains: ({ start, text, ...rest }, resource) =>
      start.endsWith(':text=')
        ? text.split(' ').every((word) => matches({ kind: 'contains', start, text: ` ${word} ` }, resource) || word === '')
        : matches({ start, text, ...rest }, resource),
  }),
  'a phrase found within words': reading({
    contains: ({ start, text, ...rest }, resource) =>
      matches({ start, text: start.endsWith(':text=') ? text.trim() : text, ...rest }, resource),
  }),
  'equality read as a prefix': reading({ equals: ({ entry }, { index }) => index.s.some((each) => each.startsWith(entry)) }),
  'equality without case': reading({
    equals: ({ entry }, { index }) => index.s.some((each) => each.toLowerCase() === entry.toLowerCase()),
  }),
  'equality without accents': reading({
    equals: ({ entry }, { index }) => index.s.some((each) => each.localeCompare(entry, 'en', { sensitivity: 'base' }) === 0),
  }),
  'an empty or that lets all through': reading({ or: ({ of }, resource) => of.length === 0 || of.some((part) => matches(part, resource)) }),
  'an empty list of ids that lets all through': reading({ ids: ({ ids }, { id }) => ids.length === 0 || ids.includes(id) }),
  'ids compared without case': reading({ ids: ({ ids }, { id }) => ids.some((each) => each.toLowerCase() === id.toLowerCase()) }),
  'only the home patient': reading({ patient: ({ reference }, { index }) => index.patients[0] === reference }),
  'updated without its bound': reading({ updated: ({ conditions }, { at }) => conditions.every((each) => at !== each.value) }),
  'a record without what points into it': { ...RIGHT, isInRecord: (draft, patient) => draft.index.patients[0] === patient },
  'a record that is not looked at': { ...reading({ patient: () => true }), isInRecord: () => true },
  'deletions undone': { ...RIGHT, visible: (versions) => RIGHT.visible(versions.filter((version) => !version.deleted)) },
  'old versions found': { ...RIGHT, visible: (versions) => versions.filter((version) => !version.deleted) },
  'the first version only': { ...RIGHT, visible: (versions) => versions.filter((version) => version.version === 1) },
  'counted once a patient': {
    ...RIGHT,
    countOf: (found) => found.reduce((sum, draft) => sum + Math.max(1, draft.index.patients.length), 0),
  },
  'the last match again on the next page': { ...RIGHT, isAfter: (order) => order >= 0 },
  'ties skipped at the end of a page': {
    ...comparing((a, b, key) => (key.parameter === '_identity' ? 0 : rightly(a, b, key))),
    isAfter: (order) => order > 0,
  },
  'missing values first': comparing((a, b, key) => ((a === null) === (b === null) ? rightly(a, b, key) : a === null ? -1 : 1)),
  'missing values first when descending': comparing((a, b, key) =>
    key.descending && (a === null) !== (b === null) ? (a === null ? -1 : 1) : rightly(a, b, key),
  ),
  'texts in the order of UTF-16': comparing((a, b, key) =>
    bothTexts(a, b) && a !== b ? ((a as string) < (b as string) ? -1 : 1) * (key.descending ? -1 : 1) : rightly(a, b, key),
  ),
  'texts in the order of a language': comparing((a, b, key) =>
    bothTexts(a, b) ? (a as string).localeCompare(b as string, 'en') * (key.descending ? -1 : 1) || rightly(a, b, key) : rightly(a, b, key),
  ),
  'descending ignored': comparing((a, b, key) => rightly(a, b, { ...key, descending: false })),
};
