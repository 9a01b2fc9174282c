import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testMongo } from '../../../../tests/support/databases.ts';
import { identityOf, type ResourceDraft, type ResourceVersion } from '../../../model/resource.ts';
import { create, createScene, replace, save } from '../../contract/scene.ts';
import { placedAt } from '../document.ts';
import { migrateMongo } from '../migrate.ts';
import { createMongoStore, type MongoStore } from '../mongo-store.ts';
import { createTakeBack, type TakeBack } from './take-back.ts';
import { historyOf } from './unit-plan.ts';

const { mongodbUri, databaseName } = await testMongo();
const scene = createScene({ a: 'Observation', b: 'Condition' });
let store: MongoStore;
let takeBack: TakeBack;

beforeAll(async () => {
  store = await createMongoStore({ uri: mongodbUri, types: ['Observation'], isOwnerType: (type) => type === 'Patient' });
  await migrateMongo(store.collections.client, databaseName);
  takeBack = createTakeBack(store.collections);
});
afterAll(() => store?.close());

/** The first version of a resource in a's record, and its copy in the history, where an update that comes too late has put it. */
async function withCopy(): Promise<{
  readonly draft: ResourceDraft;
  readonly first: ResourceVersion;
  readonly copy: ReturnType<typeof historyOf>;
}> {
  const draft = scene.draft({ patients: ['a'] });
  await store.commit({ writes: [create(draft)] });
  const first = (await store.read(draft)) as ResourceVersion;
  const copy = historyOf(first);
  await store.collections.history.insertOne(copy);
  return { draft, first, copy };
}

const versionsTold = async ({ type, id }: ResourceDraft) =>
  (await store.history({ types: [type], id, limit: 10 })).map(({ version }) => version);
const isKept = async (_id: string) => (await store.collections.history.countDocuments({ _id })) === 1;

describe('a copy of the version that a refused update would have replaced', () => {
  test('stays where another update has replaced it', async () => {
    const { draft, copy } = await withCopy();
    await save(store, scene.next(draft, { patients: ['a'] }));
    await takeBack([copy]);
    expect(await versionsTold(draft)).toEqual([2, 1]);
  });

  test('stays where the resource has moved to another record since: nobody else has it', async () => {
    const { draft, copy } = await withCopy();
    const moved = scene.next(draft, { patients: ['b'] });
    await store.commit({ writes: [await replace(store, moved)] });
    await takeBack([copy]);
    expect(await versionsTold(draft)).toEqual([2, 1]);
    await save(store, scene.next(moved, { patients: ['c'] }));
    await takeBack([copy]);
    expect(await versionsTold(draft)).toEqual([3, 2, 1]);
  });

  test('goes where nothing is left of the resource', async () => {
    const { draft, copy } = await withCopy();
    await store.collections.resources.deleteOne({ _id: identityOf(draft) });
    await takeBack([copy]);
    expect(await isKept(copy._id)).toBe(false);
  });

  test.each([
    ['as the current version', false],
    ['as an older one', true],
  ])('goes where its record has moved and has it, %s', async (_name, isReplaced) => {
    const { draft, copy } = await withCopy();
    const to = scene.draft({ patients: ['b'] }).rk;
    await store.collections.history.deleteOne({ _id: copy._id });
    await store.mover.move([draft], draft.rk, to);
    if (isReplaced) {
      const current = (await store.read(draft)) as ResourceVersion;
      await store.commit({
        writes: [{ kind: 'replace', draft: { ...scene.next(draft, { patients: ['b'] }), rk: to }, previous: current }],
      });
      expect(await isKept(placedAt(to, copy._id))).toBe(true);
    }
    await store.collections.history.insertOne(copy);
    await takeBack([copy]);
    expect(await isKept(copy._id)).toBe(false);
    expect(await versionsTold(draft)).toEqual(isReplaced ? [2, 1] : [1]);
  });
});
