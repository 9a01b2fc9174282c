/** SearchExpression → MongoDB filter over the index fields. Compares entries; decides nothing about meaning. */
import type { Document, Filter } from 'mongodb';
import { unreachable } from '../../../model/unreachable.ts';
import type { BoundCondition, SearchExpression } from '../../../search/expression/expression.ts';
import { haversineOf } from '../../../search/expression/haversine.ts';
import { EXACT_MARK, isNarrowing, isNarrowingKey, widerKeyPrefix } from '../../../search/parameters/entry-text.ts';
import type { StoredDocument } from '../document.ts';
import { shortKey } from '../short-key.ts';

/** Greater than every string that starts with the same characters: U+10FFFF, the last code point. */
const LAST = '\u{10ffff}';
const OPERATOR = { lt: '$lt', le: '$lte', gt: '$gt', ge: '$gte' } as const;
const NEVER = { _id: { $in: [] as string[] } };

type Ids = Extract<SearchExpression, { kind: 'ids' }>;

/** A filter on documents. `identitiesOf` tells where the resources of an `ids` expression lie. */
export function filterOf(expression: SearchExpression, identitiesOf: (ids: Ids) => readonly string[]): Filter<StoredDocument> {
  const of = (inner: SearchExpression) => filterOf(inner, identitiesOf);
  switch (expression.kind) {
    case 'everything':
      return {};
    case 'nothing':
      return NEVER;
    case 'and':
      return expression.of.length === 0 ? {} : { $and: expression.of.map(of) };
    case 'or':
      return expression.of.length === 0 ? NEVER : { $or: expression.of.map(of) };
    case 'not':
      return { $nor: [of(expression.of)] };
    case 'equals':
      return { [fieldOf(expression.entry)]: expression.entry };
    case 'among':
      return { [fieldOf(expression.entries[0] ?? '')]: { $in: [...expression.entries] } };
    case 'prefix':
      return holdsStart(expression.entry);
    case 'contains':
      // $indexOfCP finds no empty text at the very end.
      if (expression.text === '') return holdsStart(expression.start);
      return { $and: [holdsStart(expression.start), { $expr: containsAfter(expression) }] };
    case 'range':
      return rangeFilter(expression.key, expression.conditions);
    case 'near':
      return { $expr: isNear(expression) };
    case 'types':
      return { type: { $in: [...expression.types] } };
    case 'ids':
      return { _id: { $in: [...identitiesOf(expression)] } };
    case 'patient':
      return { patients: expression.reference };
    case 'patients':
      return { patients: { $in: [...expression.references] } };
    case 'patients-only':
      return { patients: { $not: { $elemMatch: { $nin: [...expression.references] } } } };
    case 'updated':
      return { $and: expression.conditions.map(({ op, value }) => ({ at: { [OPERATOR[op]]: new Date(value) } })) };
    default:
      return unreachable(expression);
  }
}

/** Where a document keeps an entry. Lists of entries are of one parameter and form, so all of them are in one field. */
export const fieldOf = (entry: string) => (isNarrowing(entry) ? 'sn' : 's');

const holdsStart = (start: string) => ({ [fieldOf(start)]: { $elemMatch: { $gte: start, $lt: start + LAST } } });

/** One range under the key meets all conditions. A key that narrows has wider ones beside it, which the index finds. */
function rangeFilter(key: string, conditions: readonly BoundCondition[]): Filter<StoredDocument> {
  const bounds = rangeOf(conditions);
  if (!isNarrowingKey(key)) return { r: { $elemMatch: { k: key, ...bounds } } };
  const match = { $elemMatch: { k: shortKey(key), ...bounds } };
  const wider = widerKeyPrefix(key);
  return wider === undefined ? { rn: match } : { $and: [{ r: { $elemMatch: { k: { $gte: wider, $lt: wider + LAST } } } }, { rn: match }] };
}

/** Some entry has `text` after `start`. The index finds what starts so; the entries of these documents are looked through. */
function containsAfter({ start, text, isEnd }: Extract<SearchExpression, { kind: 'contains' }>) {
  const beforeMark = { $arrayElemAt: [{ $split: ['$$entry', EXACT_MARK] }, 0] };
  const hasStart = { $eq: [{ $indexOfCP: ['$$entry', { $literal: start }] }, 0] };
  const [startLength, textLength] = [[...start].length, [...text].length];
  const endAt = { $max: [startLength, { $subtract: [{ $strLenCP: beforeMark }, textLength] }] };
  const hasText = isEnd
    ? { $eq: [{ $substrCP: [beforeMark, endAt, textLength] }, { $literal: text }] }
    : { $gte: [{ $indexOfCP: [beforeMark, { $literal: text }, startLength] }, 0] };
  return {
    $anyElementTrue: [{ $map: { input: { $ifNull: [`$${fieldOf(start)}`, []] }, as: 'entry', in: { $cond: [hasStart, hasText, false] } } }],
  };
}

/** The exact distance; ranges beside it let the index find what is about there. */
function isNear({ keys, latitude, longitude, kilometres }: Extract<SearchExpression, { kind: 'near' }>): Document {
  const degrees = (key: string) => ({
    $first: {
      $map: {
        input: { $filter: { input: { $ifNull: ['$r', []] }, as: 'e', cond: { $eq: ['$$e.k', { $literal: key }] } } },
        as: 'e',
        in: '$$e.lo',
      },
    },
  });
  const halfSquared = (angle: Document) => ({ $pow: [{ $sin: { $divide: [{ $degreesToRadians: angle }, 2] } }, 2] });
  const cosines = { $multiply: [{ $cos: { $degreesToRadians: latitude } }, { $cos: { $degreesToRadians: '$$latitude' } }] };
  const angle = {
    $add: [
      halfSquared({ $subtract: ['$$latitude', latitude] }),
      { $multiply: [cosines, halfSquared({ $subtract: ['$$longitude', longitude] })] },
    ],
  };
  const isThere = [{ $isNumber: '$$latitude' }, { $isNumber: '$$longitude' }];
  return {
    $let: {
      vars: { latitude: degrees(keys.latitude), longitude: degrees(keys.longitude) },
      in: { $and: [...isThere, { $lte: [angle, haversineOf(kilometres)] }] },
    },
  };
}

/** Conditions of one kind on one bound are narrowed to the strictest: `$elemMatch` takes each operator once. */
function rangeOf(conditions: readonly BoundCondition[]): Record<string, Record<string, number>> {
  const bounds: Record<string, Record<string, number>> = {};
  for (const { bound, op, value } of conditions) {
    const operator = OPERATOR[op];
    const before = bounds[bound]?.[operator] ?? value;
    const strictest = op === 'lt' || op === 'le' ? Math.min(before, value) : Math.max(before, value);
    bounds[bound] = { ...bounds[bound], [operator]: strictest };
  }
  return bounds;
}

/** What a search of no particular record sees: no deletions, and no pointers to what lies elsewhere. */
export const IN_POPULATION = { deleted: { $exists: false }, home: { $exists: false } };

/** An aggregation expression: the text there starts so. */
export const startsWith = (variable: string, prefix: string): Document => ({
  $and: [{ $gte: [variable, { $literal: prefix }] }, { $lt: [variable, { $literal: prefix + LAST }] }],
});

/** Every `ids` expression in a tree, and the types that it can be of there. */
export function idsIn(expression: SearchExpression, types: readonly string[]): readonly (readonly [Ids, readonly string[]])[] {
  switch (expression.kind) {
    case 'ids':
      return [[expression, types]];
    case 'and': {
      const left = expression.of.reduce<readonly string[]>(
        (kept, part) => (part.kind === 'types' ? kept.filter((type) => part.types.includes(type)) : kept),
        types,
      );
      return expression.of.flatMap((part) => idsIn(part, left));
    }
    case 'or':
      return expression.of.flatMap((part) => idsIn(part, types));
    case 'not':
      return idsIn(expression.of, types);
    default:
      return [];
  }
}
