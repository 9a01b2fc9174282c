import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { until } from '../../tests/support/until.ts';
import { loadDefinitions } from '../definitions/load.ts';
import { recordKeyOf } from '../model/record-key.ts';
import { createLiveSearch, type LiveSearch } from '../search/parameters/live-search.ts';
import { createSearchRegistry } from '../search/parameters/registry.ts';
import { createMemoryJobs } from '../store/memory/leased-jobs.ts';
import { createMemoryStore } from '../store/memory/memory-store.ts';
import type { ReindexJob } from '../store/reindex.ts';
import { type FullText, fullTextParameters } from './full-text.ts';
import { createIndexKeeper } from './index-keeper.ts';

const definitions = loadDefinitions();
const rules = { definitions, builtIn: createSearchRegistry(definitions) };

const PARAMETER = {
  resourceType: 'SearchParameter',
  id: 'ward',
  url: 'urn:test:ward',
  status: 'active',
  code: 'ward',
  base: ['Basic'],
  type: 'token',
  expression: "Basic.extension.where(url='urn:ward').value",
};

/** A store and the gateways that share it, each with a registry and an indexer of its own. */
function scene() {
  const store = createMemoryStore();
  const jobs = createMemoryJobs<ReindexJob>();
  const announced = new Map<string, readonly string[]>();
  const gateway = (name: string, fullText: FullText = 'off') => {
    const live = createLiveSearch(definitions, { baseUrl: 'http://here' });
    announced.set(name, []);
    const keeper = createIndexKeeper({
      resources: store,
      live,
      rules,
      configured: fullTextParameters(fullText, definitions),
      jobs,
      store: store.reindexing,
      announce: (names) => announced.set(name, names),
      allKnow: async (wanted) => [...announced.values()].every((names) => names.includes(wanted)),
      holder: name,
      now: Date.now,
      log: () => {},
    });
    return { live, keeper };
  };
  const save = (live: LiveSearch, tree: { resourceType: string; id: string }) => {
    const key = { type: tree.resourceType, id: tree.id };
    const by = { client: '', subject: '', request: '' };
    const draft = {
      ...key,
      rk: recordKeyOf(tree.id),
      version: 1,
      at: 1,
      deleted: false,
      raw: JSON.stringify(tree),
      by,
      method: 'PUT' as const,
    };
    return store.commit({ writes: [{ kind: 'create', draft: { ...draft, index: live.indexer.entries(tree, key) }, idAssigned: false }] });
  };
  const count = (entry: string) => store.count({ types: ['Basic'], where: { kind: 'prefix', entry } });
  const found = () => count('Basic.ward~');
  return { gateway, save, found, count };
}

const basic = (id: string) => ({ resourceType: 'Basic', id, extension: [{ url: 'urn:ward', valueCode: 'north' }] });
const isRefused = (live: LiveSearch, code = 'ward') => {
  try {
    live.registry.parameter('Basic', code);
    return false;
  } catch {
    return true;
  }
};

describe('a parameter and two gateways', () => {
  test('its run waits for the one that has not heard of it, whose writes would be missed', async () => {
    const { gateway, save, found } = scene();
    const [a, b] = [gateway('a'), gateway('b')];
    await save(a.live, basic('before'));
    await save(a.live, PARAMETER);
    await a.keeper.refresh();
    a.keeper.start();
    try {
      await sleep(1_300);
      expect(isRefused(a.live)).toBe(true);
      expect(await found()).toBe(0);
      // A write that a run by now would have left without its entry.
      await save(b.live, basic('unaware'));
      await b.keeper.refresh();
      await save(b.live, basic('aware'));
      expect(await until(() => !isRefused(a.live))).toBe(true);
      expect(await found()).toBe(3);
      expect(isRefused(b.live)).toBe(true);
      await b.keeper.refresh();
      expect(b.live.registry.parameter('Basic', 'ward')?.code).toBe('ward');
    } finally {
      await Promise.all([a.keeper.stop(), b.keeper.stop()]);
    }
  });
});

describe('full text', () => {
  const withWord = (id: string) => ({ ...basic(id), code: { text: 'fever' } });
  const withWords = ({ live }: ReturnType<ReturnType<typeof scene>['gateway']>) =>
    live.indexer.entries(withWord('x'), { type: 'Basic', id: 'x' }).s;

  test('what is stored is indexed when it is switched on, and then it answers', async () => {
    const { gateway, save, count } = scene();
    await save(gateway('before').live, withWord('a'));
    const a = gateway('before', 'all');
    await a.keeper.refresh();
    expect([isRefused(a.live, '_text'), isRefused(a.live, '_content'), withWords(a).includes('Basic._content=fever')]).toEqual([
      true,
      true,
      true,
    ]);
    a.keeper.start();
    try {
      await until(() => !isRefused(a.live, '_content'));
      expect(await count('Basic._content=fever')).toBe(1);
      expect(a.keeper.registered()).toEqual([]);
    } finally {
      await a.keeper.stop();
    }
  });

  test('a gateway without it, whose writes have no words, makes the others refuse it again', async () => {
    const { gateway } = scene();
    const a = gateway('a', 'text');
    await a.keeper.refresh();
    a.keeper.start();
    try {
      await until(() => !isRefused(a.live, '_text'));
      expect([isRefused(a.live, '_text'), a.live.registry.parameter('Basic', '_content')]).toEqual([false, undefined]);
      await gateway('b').keeper.refresh();
      await a.keeper.refresh();
      expect(isRefused(a.live, '_text')).toBe(true);
      await sleep(1_300);
      expect(isRefused(a.live, '_text')).toBe(true);
    } finally {
      await a.keeper.stop();
    }
  });
});
