/**
 * Sort keys as fields of documents: what to order by, and where a page goes on.
 *
 * A missing value sorts last in either direction. MongoDB sorts it first ascending and last descending, so a `find` gives our
 * order where every scalar is sorted downwards (or, backward, upwards). Where the first is sorted upwards and is the one value
 * of its parameter, two do, one after the other: what has the value, and what lacks it. Both go through the index of the
 * descending order. Else a pipeline puts a flag before each key.
 */
import type { Document } from 'mongodb';
import type { SortKey, StoreSearch } from '../../store.ts';
import { type StoredDocument, VERSION_FIELDS } from '../document.ts';

export type SortValue = number | string | null;
type Order = Pick<StoreSearch, 'sort' | 'backward'>;

/** Keys that every document has. */
function isNative({ parameter }: SortKey): boolean {
  return parameter === '_identity' || parameter === '_id' || parameter === '_lastUpdated';
}

function nativeField({ parameter }: SortKey): '_id' | 'id' | 'at' {
  return parameter === '_identity' ? '_id' : parameter === '_id' ? 'id' : 'at';
}

/** The greatest of several values, or the least; of a single one it is the same, and the greatest has the index. */
const endOf = ({ descending, isSingle }: SortKey) => (descending || isSingle ? 'max' : 'min');

const fieldOf = (key: SortKey) => (isNative(key) ? nativeField(key) : `o.${key.parameter}.${endOf(key)}`);

const isFindKey = (key: SortKey) => isNative(key) || key.descending;

/**
 * Conditions of the `find`s, in `findOrder`, that one after the other give what comes after the position, until the page is
 * full (undefined: no condition). None if no `find` gives this order.
 */
export function partsInFind(search: Order & Pick<StoreSearch, 'after' | 'patient'>): readonly (Document | undefined)[] {
  const { sort, after } = search;
  if (sort.every(isFindKey)) return [after && pageInFind(search, after)];
  const [lead, ...rest] = sort;
  // A record is read as a whole for either part.
  if (!lead?.isSingle || !rest.every(isFindKey) || search.patient !== undefined) return [];
  return after ? partsBeyond({ ...search, lead, rest }, after) : [{ [fieldOf(lead)]: { $ne: null } }, { [fieldOf(lead)]: null }];
}

function partsBeyond(
  { lead, rest, ...search }: Order & { readonly lead: SortKey; readonly rest: readonly SortKey[] },
  after: readonly SortValue[],
): readonly Document[] {
  const [dated, undated] = [{ [fieldOf(lead)]: { $ne: null } }, { [fieldOf(lead)]: null }];
  if ((after[0] ?? null) === null) {
    const among = { $and: [undated, beyondInFind({ ...search, sort: rest }, after.slice(1))] };
    return search.backward ? [among, dated] : [among];
  }
  const beyond = { $and: [dated, pageInFind(search, after)] };
  return search.backward ? [beyond] : [beyond, undated];
}

function pageInFind(order: Order, after: readonly SortValue[]): Document {
  const start = startInFind(order, after);
  const beyond = beyondInFind(order, after);
  return start ? { $and: [start, beyond] } : beyond;
}

/** The fields of a document that its sort values are read from, beside those of a version. */
export function projectionFor({ sort }: Order): Record<string, 1> {
  const scalars = sort.filter((key) => !isNative(key)).map((key) => [fieldOf(key), 1] as const);
  return { ...VERSION_FIELDS, ...Object.fromEntries(scalars) };
}

/** The sort values of a document that was projected so. */
export const sortValuesOfDocument = (document: StoredDocument, sort: readonly SortKey[]): SortValue[] =>
  sort.map((key) => sortValueOfDocument(document, key));

function sortValueOfDocument(document: StoredDocument, key: SortKey): SortValue {
  if (!isNative(key)) return document.o?.[key.parameter]?.[endOf(key)] ?? null;
  const field = nativeField(key);
  return field === 'at' ? document.at.getTime() : document[field];
}

const directionOf = (key: SortKey, { backward }: Pick<Order, 'backward'>) => (key.descending !== (backward === true) ? -1 : 1);

/** The sort of a `find`. */
export function findOrder({ sort, backward }: Order): Record<string, 1 | -1> {
  return Object.fromEntries(sort.map((key) => [fieldOf(key), directionOf(key, { backward })])) as Record<string, 1 | -1>;
}

/** Documents that come after this position in the order of a `find`. */
function beyondInFind({ sort, backward }: Order, after: readonly SortValue[]): Document {
  const alternatives = sort.flatMap((key, index) => {
    const equal = sort.slice(0, index).map((before, at) => ({ [fieldOf(before)]: boundOf(before, after[at] ?? null) }));
    return beyondKey(key, after[index] ?? null, backward === true).map((beyond) => ({ $and: [...equal, beyond] }));
  });
  return { $or: alternatives };
}

/**
 * What follows from the position for the first key alone: an index in this order begins there, where it would read each
 * alternative of `beyondInFind` from its own beginning. Undefined where the position says nothing.
 */
function startInFind({ sort, backward }: Order, after: readonly SortValue[]): Document | undefined {
  const [key] = sort;
  if (!key) return undefined;
  const [field, value] = [fieldOf(key), after[0] ?? null];
  const isDown = key.descending !== (backward === true);
  if (isNative(key)) return { [field]: { [isDown ? '$lte' : '$gte']: boundOf(key, value) } };
  // Negations take in what is of another type, or not there.
  if (isDown) return { [field]: value === null ? null : { $not: { $gt: value } } };
  return value === null ? undefined : { [field]: { $not: { $lt: value }, $ne: null } };
}

function boundOf(key: SortKey, value: SortValue): Date | SortValue {
  return key.parameter === '_lastUpdated' && typeof value === 'number' ? new Date(value) : value;
}

/** `$lt` and `$gt` stay within one type: numbers sort before texts, and nothing at all before both. */
function beyondKey(key: SortKey, value: SortValue, isBackward: boolean): Document[] {
  const field = fieldOf(key);
  const isDown = key.descending !== isBackward;
  if (isNative(key)) return [{ [field]: { [isDown ? '$lt' : '$gt']: boundOf(key, value) } }];
  if (isDown) {
    if (value === null) return [];
    const lower: Document[] = typeof value === 'string' ? [{ [field]: { $type: 'number' } }] : [];
    return [{ [field]: { $lt: value } }, ...lower, { [field]: null }];
  }
  if (value === null) return [{ [field]: { $ne: null } }];
  return [{ [field]: { $gt: value } }, ...(typeof value === 'number' ? [{ [field]: { $type: 'string' } }] : [])];
}

/** The stages that put documents into the order, from a position on, and cut the page; the sort values come as `k`. */
export function orderStages({ sort, after, limit, backward }: StoreSearch): Document[] {
  const turn = backward ? -1 : 1;
  const fields = sort.map((_, index) => `k${index}`);
  return [
    { $set: Object.fromEntries(sort.map((key, index) => [`k${index}`, sortExpression(key)])) },
    { $set: Object.fromEntries(fields.map((field) => [`${field}m`, { $cond: [{ $eq: [`$${field}`, null] }, 1, 0] }])) },
    ...(after ? [{ $match: beyondInPipeline(fields, { sort, backward }, after) }] : []),
    {
      $sort: Object.fromEntries(
        sort.flatMap((key, index) => [
          [`k${index}m`, turn],
          [`k${index}`, directionOf(key, { backward })],
        ]),
      ),
    },
    { $limit: limit },
    { $project: { ...VERSION_FIELDS, k: fields.map((field) => `$${field}`) } },
  ];
}

function sortExpression(key: SortKey): Document | string {
  if (key.parameter === '_lastUpdated') return { $toLong: '$at' };
  return isNative(key) ? `$${nativeField(key)}` : { $ifNull: [`$${fieldOf(key)}`, null] };
}

function beyondInPipeline(fields: readonly string[], { sort, backward }: Order, after: readonly SortValue[]): Document {
  const alternatives = fields.flatMap((field, index) => {
    const equal = Object.fromEntries(fields.slice(0, index).map((before, position) => [before, after[position]]));
    const key = sort[index] as SortKey;
    const value = after[index] ?? null;
    const flag = `${field}m`;
    if (value === null) return backward ? [{ ...equal, [flag]: 0 }] : [];
    const isDown = key.descending !== (backward === true);
    const beyond = { ...equal, [field]: { [isDown ? '$lt' : '$gt']: value }, [flag]: 0 };
    // Comparisons of a query stay within one type.
    const other = typeof value === (isDown ? 'string' : 'number');
    const across = other && !isNative(key) ? [{ ...equal, [field]: { $type: isDown ? 'number' : 'string' }, [flag]: 0 }] : [];
    return [beyond, ...across, ...(backward ? [] : [{ ...equal, [flag]: 1 }])];
  });
  return alternatives.length > 0 ? { $or: alternatives } : { _id: { $in: [] } };
}
