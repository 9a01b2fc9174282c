/**
 * Copies of versions that a refused update had put into the history before it was refused.
 *
 * Whoever replaced the version in its place has put the same copy there, or relies on this one: it stays. Not so where
 * - the resource has been erased: nothing of it may be left;
 * - its record has moved, and the version has gone along: it would be told twice.
 *
 * A resource that alone moved to another record leaves its older versions where they were: the copy may be the only one.
 */
import type { Collection, Document } from 'mongodb';
import { DURABLE, type MongoCollections } from '../client.ts';
import { identityInVersionId, placedAt, type StoredDocument } from '../document.ts';
import { retryTransient } from '../retry.ts';

/** Takes those of the copies (documents of `history`) out again that must not stay. */
export type TakeBack = (copies: readonly StoredDocument[]) => Promise<void>;

export function createTakeBack({ resources, history }: Pick<MongoCollections, 'resources' | 'history'>): TakeBack {
  const find = async (collection: Collection<StoredDocument>, ids: readonly string[], condition: Document = {}) => {
    if (ids.length === 0) return new Map<string, StoredDocument>();
    const filter = { _id: { $in: [...ids] }, ...condition };
    const projection = { home: 1, version: 1 };
    const found = await retryTransient(() => collection.find(filter, { projection }).toArray());
    return new Map(found.map((document) => [document._id, document]));
  };

  return async (copies) => {
    const places = await find(resources, copies.map(placeOf));
    const erased = copies.filter((copy) => !places.has(placeOf(copy)));
    const moved = copies.flatMap((copy) => {
      const home = places.get(placeOf(copy))?.home;
      return home === undefined ? [] : [{ copy, current: placedAt(home, placeOf(copy)), past: placedAt(home, copy._id) }];
    });
    const current = await find(
      resources,
      moved.map((each) => each.current),
      { home: { $exists: false } },
    );
    const past = await find(
      history,
      moved.map((each) => each.past),
    );
    const gone = moved.filter((each) => current.get(each.current)?.version === each.copy.version || past.has(each.past));
    const orphans = [...erased, ...gone.map(({ copy }) => copy)].map(({ _id }) => _id);
    if (orphans.length > 0) await retryTransient(() => history.deleteMany({ _id: { $in: orphans } }, { writeConcern: DURABLE }));
  };
}

/** Where the current version lies, if it has not moved. */
const placeOf = ({ _id }: StoredDocument) => identityInVersionId(_id);
