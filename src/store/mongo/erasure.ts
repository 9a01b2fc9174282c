/**
 * Removing resources from every place that their documents were ever in.
 *
 * What leads to a place goes last: after a crash half-way the resource, or its locator, still tells where the rest lies.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Collection, Document } from 'mongodb';
import { identityOf, type ResourceKey } from '../../model/resource.ts';
import type { ErasureStore } from '../erasure.ts';
import { DURABLE, type MongoCollections } from './client.ts';
import { hintOf, historyIdOf, locatorIdOf } from './document.ts';
import type { MongoReader } from './read.ts';
import { asked } from './retry.ts';
import { keyInVersionName } from './write/ledger.ts';

/** Statements of one command. */
const MOST_STATEMENTS = 500;

interface Places {
  readonly key: ResourceKey;
  /** Where the resource itself lies, if anywhere. */
  readonly home: string | undefined;
  /** Every record key under which something of it may lie. */
  readonly all: readonly string[];
}

export function createMongoErasure(
  collections: MongoCollections,
  reader: Pick<MongoReader, 'read'>,
  isOwnerType: (type: string) => boolean,
): ErasureStore {
  const { resources, history, chunks, locators, ledger } = collections;

  async function placesOf(key: ResourceKey, rk: string): Promise<Places> {
    const [current, locator] = await Promise.all([reader.read(key), locators.findOne({ _id: locatorIdOf(key) })]);
    const known = [
      rk,
      hintOf(key, isOwnerType),
      locator?.rk,
      current?.rk,
      ...(current?.trail?.past ?? []),
      ...(current?.trail?.pointers ?? []),
    ];
    return { key, home: current?.rk, all: [...new Set(known.filter((each) => each !== undefined))] };
  }

  async function removeRanges(collection: Collection<Document & { _id: string }>, prefixes: readonly string[]): Promise<void> {
    await removeAll(
      collection,
      prefixes.map((prefix) => ({ _id: { $gte: `${prefix}/`, $lt: `${prefix}0` } })),
    );
  }

  async function removeAll(collection: Collection<Document & { _id: string }>, filters: readonly object[]): Promise<void> {
    for (let start = 0; start < filters.length; start += MOST_STATEMENTS) {
      const statements = filters.slice(start, start + MOST_STATEMENTS).map((filter) => ({ deleteMany: { filter } }));
      await asked(() => collection.bulkWrite(statements, { ordered: false, writeConcern: DURABLE }));
    }
  }

  const untyped = (collection: unknown) => collection as Collection<Document & { _id: string }>;
  const exactly = (ids: readonly string[]) => ids.map((_id) => ({ _id }));

  return {
    // A transaction under way is seen as it was before; MongoDB ends those whose gateway has gone.
    settle: () => sleep(0),

    archivedIn: async () => [],
    lyingIn: (rk) =>
      asked(async () => {
        const range = { _id: { $gte: `${rk}/`, $lt: `${rk}0` } };
        const keys = new Map<string, ResourceKey>();
        const options = { projection: { type: 1, id: 1 } } as const;
        for await (const { type, id } of resources.find({ ...range, home: { $exists: false } }, options))
          keys.set(`${type}/${id}`, { type, id });
        for await (const { type, id } of history.find(range, options)) keys.set(`${type}/${id}`, { type, id });
        return [...keys.values()];
      }),

    async erase(keys, rk) {
      const places = await asked(() => Promise.all(keys.map((key) => placesOf(key, rk))));
      const identities = places.flatMap(({ key, all }) => all.map((each) => identityOf({ ...key, rk: each })));
      const homes = places.flatMap(({ key, home }) => (home === undefined ? [] : [identityOf({ ...key, rk: home })]));
      await removeRanges(untyped(chunks), identities);
      await removeRanges(untyped(history), identities);
      await removeAll(untyped(resources), exactly(identities.filter((identity) => !homes.includes(identity))));
      await removeAll(untyped(resources), exactly(homes));
      await removeAll(untyped(locators), exactly(keys.map(locatorIdOf)));
    },

    async erasePast(key, rk, versions) {
      const identity = identityOf({ ...key, rk });
      const versionIds = versions === 'all' ? [identity] : versions.map((version) => historyIdOf(identity, version));
      if (versions === 'all') await removeRanges(untyped(history), versionIds);
      else await removeAll(untyped(history), exactly(versionIds));
      await removeRanges(untyped(chunks), versionIds);
    },

    async eraseAnswers(isSuch, erased) {
      const found: { readonly _id: string; readonly kind: string }[] = [];
      const options = { projection: { answer: 1, kind: 1, writes: 1 } } as const;
      await asked(async () => {
        found.length = 0;
        const tells = [{ answer: { $gt: '' } }, { writes: { $exists: true } }];
        for await (const { _id, kind, answer, writes } of ledger.find(
          { kind: { $in: ['idempotency', 'transaction'] }, $or: tells },
          options,
        ))
          if ((answer && isSuch(answer)) || writes?.some((name) => erased.has(keyInVersionName(name)))) found.push({ _id, kind });
      });
      const keys = found.filter(({ kind }) => kind === 'idempotency').map(({ _id }) => _id);
      await removeAll(untyped(ledger), exactly(keys));
      // A marker still decides its transaction; only what it tells of it goes.
      for (const { _id, kind } of found) {
        if (kind === 'transaction')
          await asked(() => ledger.updateOne({ _id }, { $unset: { answer: '', writes: '' } }, { writeConcern: DURABLE }));
      }
      return found.length;
    },
  };
}
