/** Texts in several parts while their form changes, cut short before each single write: whoever reads finds them whole. */
import { afterAll, expect, test } from 'vitest';
import { createFieldEncryption, type FieldEncryption } from '../../src/encryption/field-encryption.ts';
import { createProtection } from '../../src/encryption/protection.ts';
import { identityOf, NO_ENTRIES, type ResourceDraft } from '../../src/model/resource.ts';
import { createScene, save } from '../../src/store/contract/scene.ts';
import { createSealedReindex, createSealedStore } from '../../src/store/layers/sealed-store.ts';
import type { MongoCollections } from '../../src/store/mongo/client.ts';
import { migrateMongo } from '../../src/store/mongo/migrate.ts';
import { createMongoStore } from '../../src/store/mongo/mongo-store.ts';
import { createMongoReindex } from '../../src/store/mongo/reindex.ts';
import { createMongoTexts } from '../../src/store/mongo/stored-texts.ts';
import { testMongo } from '../support/databases.ts';
import { freshKeys } from '../support/encryption.ts';

const { mongodbUri, databaseName } = await testMongo();
const store = await createMongoStore({ uri: mongodbUri, types: ['Observation'], isOwnerType: (type) => type === 'Patient' });
afterAll(() => store.close());
await migrateMongo(store.collections.client, databaseName);

const keys = freshKeys('test');
const protection = createProtection(['Observation.id']);
const encryption = (isOn: boolean) => createFieldEncryption({ keys, protection, isOn, looksForPlain: true });
const forms = { plain: encryption(false), sealed: encryption(true) };
/** Just two parts as it is, three when it is sealed. */
const EXACTLY_TWO_PARTS = 4 * 1024 * 1024;

const scene = createScene({ a: 'Observation', b: 'Observation' });
const first = large(scene.draft());
const second = large(scene.next(first));
await save(createSealedStore(store, forms.plain), first, second);

function large(draft: ResourceDraft): ResourceDraft {
  const note = (length: number) =>
    JSON.stringify({ resourceType: 'Observation', id: draft.id, version: draft.version, note: 'n'.repeat(length) });
  return { ...draft, raw: note(EXACTLY_TWO_PARTS - note(0).length) };
}

class Cut extends Error {}

/** The collections, which wait for `before` ahead of each write. */
function watched(before: () => Promise<void>): MongoCollections {
  const { resources, history, chunks, ...others } = store.collections;
  const cutting = <C extends object>(collection: C): C =>
    new Proxy(collection, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        const isWrite = /^(bulkWrite|(replace|update|insert|delete)(One|Many))$/.test(String(name));
        return isWrite
          ? async (...given: unknown[]) => {
              await before();
              return value.apply(target, given);
            }
          : value.bind(target);
      },
    });
  return { ...others, resources: cutting(resources), history: cutting(history), chunks: cutting(chunks) };
}

/** The collections, which carry out so many writes and then none. */
function cutAfter(writes: number): MongoCollections {
  let left = writes;
  return watched(async () => {
    if (left-- <= 0) throw new Cut();
  });
}

/** Brings every text into the form. True if it came to its end. */
async function change(form: FieldEncryption, collections: MongoCollections): Promise<boolean> {
  const run = createSealedReindex(createMongoReindex(collections), createMongoTexts(collections), form);
  try {
    for (const part of await run.parts(['Observation'], true)) {
      for (let after: string | undefined = '', isFirst = true; isFirst || after !== undefined; isFirst = false) {
        const page = await run.page(part, isFirst ? undefined : after, 2);
        await run.rewrite(
          part,
          page.versions.map((version) => ({ version, index: NO_ENTRIES })),
        );
        after = page.after;
      }
    }
    return true;
  } catch (error) {
    if (error instanceof Cut) return false;
    throw error;
  }
}

/** Compared, not shown: eight million characters help nobody. */
async function expectWhole(): Promise<void> {
  const seen = createSealedStore(store, forms.sealed);
  const [current, past] = await Promise.all([seen.read(first), seen.readVersion(first, 1)]);
  expect([current?.raw === second.raw, past?.raw === first.raw]).toEqual([true, true]);
}

async function chunksPerVersion(): Promise<readonly number[]> {
  const ids = (await store.collections.chunks.find().toArray()).map(({ _id }) => _id);
  return [1, 2].map((version) => ids.filter((id) => id.includes(`/${String(version).padStart(10, '0')}/`)).length);
}

test.each([
  ['sealed', [3, 3]],
  ['plain', [2, 2]],
] as const)('whenever the change to %s ends early, both versions are whole', { timeout: 60_000 }, async (form, chunks) => {
  let writes = 0;
  const looked = watched(async () => {
    writes++;
    await expectWhole();
  });
  expect(await change(forms[form], looked)).toBe(true);
  await expectWhole();
  expect(await chunksPerVersion()).toEqual(chunks);
  // The parts and the document of two versions, and each part that they replace.
  expect(writes).toBeGreaterThan(10);
});

test.each([1, 3, 5, 7, 9])('cut after %i writes, a change comes to its end in the next run', { timeout: 60_000 }, async (writes) => {
  const [form, chunks] = writes % 4 === 1 ? ([forms.sealed, [3, 3]] as const) : ([forms.plain, [2, 2]] as const);
  expect(await change(form, cutAfter(writes))).toBe(false);
  await expectWhole();
  expect(await change(form, store.collections)).toBe(true);
  await expectWhole();
  expect(await chunksPerVersion()).toEqual(chunks);
});

test('a cut update leaves the version that it was about whole', { timeout: 60_000 }, async () => {
  // A gateway that seals already begins to replace a version that lies in plain parts, and stores the parts of both first.
  const third = large(scene.next(second));
  const previous = await createSealedStore(store, forms.sealed).read(first);
  if (!previous) throw new Error('it is not there');
  const beginning = createSealedStore(store, forms.sealed);
  // Nothing is written but the parts: the version that it replaces is not the stored one.
  const stale = { ...previous, version: previous.version + 5 };
  await expect(beginning.commit({ writes: [{ kind: 'replace', draft: { ...third, version: 9 }, previous: stale }] })).rejects.toThrow();
  await beginning.commit({ writes: [{ kind: 'replace', draft: third, previous }] });
  const [current, past] = await Promise.all([beginning.read(first), beginning.readVersion(first, 2)]);
  expect([current?.raw === third.raw, past?.raw === second.raw]).toEqual([true, true]);
  expect(await change(forms.sealed, store.collections)).toBe(true);
  expect((await chunksPerVersion()).every((count) => count === 3)).toBe(true);
});

test('parts of texts from before sets had names are read, put in another form and swept', { timeout: 60_000 }, async () => {
  const { chunks, resources } = store.collections;
  const draft = large(scene.draft());
  await save(createSealedStore(store, forms.plain), draft);
  const named = await chunks.find({ _id: { $regex: `/${draft.id}/` } }).toArray();
  for (const { _id, ...part } of named) {
    await chunks.insertOne({ _id: _id.replace(/\/[^/]+(\/\d{5})$/, '$1'), ...part, at: new Date(0) });
    await chunks.deleteOne({ _id });
  }
  await resources.updateOne({ _id: identityOf(draft) }, { $unset: { rawHash: '' } });
  const seen = createSealedStore(store, forms.sealed);
  const isWhole = async () => (await seen.read(draft))?.raw === draft.raw;
  expect(await isWhole()).toBe(true);
  expect(await store.sweepOrphans(new Date(1000))).toBe(0);
  expect(await change(forms.sealed, store.collections)).toBe(true);
  expect(await isWhole()).toBe(true);
  expect(await chunks.countDocuments({ _id: { $regex: `/${draft.id}/` } })).toBe(3);
});
