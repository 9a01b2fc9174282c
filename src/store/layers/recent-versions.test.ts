import { beforeEach, describe, expect, test } from 'vitest';
import type { ResourceVersion } from '../../model/resource.ts';
import { createScene } from '../contract/scene.ts';
import { createMemoryStore } from '../memory/memory-store.ts';
import type { ResourceStore } from '../store.ts';
import { createRecallingStore, type RecallingStore } from './recent-versions.ts';

const TYPES = { a: 'Observation', b: 'Condition' };

describe('a store that remembers recent versions', () => {
  let below: ResourceStore;
  let store: RecallingStore;
  beforeEach(() => {
    below = createMemoryStore();
    store = createRecallingStore(below, 1_000);
  });
  const scene = createScene(TYPES);
  const create = (of: ResourceStore, draft: ReturnType<typeof scene.draft>) =>
    of.commit({ writes: [{ kind: 'create', draft, idAssigned: true }] });

  test('recalls what was written, without index entries, and what was read', async () => {
    const draft = scene.draft();
    await create(store, draft);
    const { index: _, ...version } = draft;
    expect(store.recall(draft)).toEqual(version);

    const elsewhere = scene.draft();
    await create(below, elsewhere);
    expect(store.recall(elsewhere)).toBeUndefined();
    const read = await store.read(elsewhere);
    expect(store.recall(elsewhere)).toBe(read);
  });

  test('recalls what another has overtaken; a replace of it is refused, and then forgotten', async () => {
    const first = scene.draft();
    await create(store, first);
    const previous = store.recall(first) as ResourceVersion;
    await below.commit({ writes: [{ kind: 'replace', draft: scene.next(first), previous }] });
    expect(store.recall(first)?.version).toBe(1);
    const late = store.commit({ writes: [{ kind: 'replace', draft: scene.next(first), previous }] });
    await expect(late).rejects.toMatchObject({ reason: 'version' });
    expect(store.recall(first)).toBeUndefined();
  });

  test('forgets deletions, long texts, and the least recently used beyond its size', async () => {
    const gone = scene.draft();
    await create(store, gone);
    await store.commit({ writes: [{ kind: 'replace', draft: scene.deletion(gone), previous: store.recall(gone) as ResourceVersion }] });
    expect(store.recall(gone)).toBeUndefined();

    const sized = (size: number) => scene.draft({ raw: JSON.stringify({ x: 'x'.repeat(size - 8) }) });
    const [a, b, c] = [sized(400), sized(400), sized(400)];
    await create(store, a);
    await create(store, b);
    store.recall(a);
    await create(store, c);
    expect([a, b, c].map((each) => store.recall(each) !== undefined)).toEqual([true, false, true]);
  });
});
