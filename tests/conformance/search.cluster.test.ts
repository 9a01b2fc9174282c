/** The cases of joins, includes and compartments over both real stores: what lies in one leads to what lies in the other. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeConformance } from '../../conformance/conformance-suite.ts';
import { loadCases } from '../../conformance/runner/load-cases.ts';
import type { ResourceStore } from '../../src/store/store.ts';
import { openBothStores } from '../support/both-stores.ts';
import { testDatabases } from '../support/databases.ts';
import { type ServedGateway, serveMemoryGateway } from '../support/memory-gateway.ts';
import { faultsOf, watchSearches } from './search-plans.ts';

const FILES = /^search/;
const EXPLAINED_AT_ONCE = 8;

const { mongodbUri, databaseUrl } = await testDatabases();
let gateway: ServedGateway;
let closeStores: () => Promise<unknown>;
let watched: ReturnType<typeof watchSearches>;
let explaining: ResourceStore;

beforeAll(async () => {
  const both = await openBothStores({ mongodbUri, databaseUrl });
  closeStores = both.close;
  watched = watchSearches(both.store);
  gateway = await serveMemoryGateway({ store: watched.store });
  // Tables of a few rows are read whole because that is cheap; here only where no index would do.
  explaining = both.withPostgres(`${databaseUrl}?options=-c%20enable_seqscan%3Doff%20-c%20jit%3Doff`);
}, 60_000);

afterAll(async () => {
  await gateway?.close();
  await closeStores?.();
});

const files = loadCases().flatMap(({ file }) => (FILES.test(file) ? [file.replace('.json', '')] : []));
describe('over MongoDB and PostgreSQL', () => describeConformance(() => gateway, [], 'cases', files));

interface Part {
  readonly name: string;
  readonly valueString?: string;
  readonly part?: readonly Part[];
}

describe('plans', () => {
  /** Shards, plan nodes and stores that a search touched. */
  async function planOf(path: string) {
    const headers = { Authorization: `Bearer ${await gateway.token('system/*.cruds system/$explain.rs')}` };
    const answer = await fetch(`${gateway.baseUrl}/${path}&_explain=true`, { headers });
    const { parameter } = (await answer.json()) as { parameter: readonly Part[] };
    const all: Part[] = [];
    const visit = (part: Part): void => {
      all.push(part);
      part.part?.forEach(visit);
    };
    parameter.forEach(visit);
    const named = (name: string) => all.flatMap((part) => (part.name === name ? [part.valueString ?? ''] : []));
    return { shards: named('shard'), nodes: named('nodes').join(), stores: named('store'), indexes: named('indexes') };
  }

  test.each([
    'Observation?patient=p1',
    'Observation?patient=p1&code=x&date=ge2024&_sort=-date&_count=20',
    'Observation?subject=Patient/p1&encounter.status=finished',
    'Patient?_id=p1',
    'Condition?patient=Patient/p1&_total=accurate',
  ])('%s touches the one shard of the record', async (path) => {
    const { shards, nodes } = await planOf(path);
    expect(shards.length).toBeLessThanOrEqual(1);
    expect(nodes).not.toContain('COLLSCAN');
  });

  test.each([
    ['Observation?patient=p1&code=x&date=ge2024&_sort=-date', 'patient_code'],
    ['Observation?patient=p1&date=ge2024&category=y', '_id_'],
  ])('%s goes through the index %s alone', async (path, index) => {
    expect((await planOf(path)).indexes).toEqual([index]);
  });

  test.each([
    'Patient?family=a',
    'Patient?identifier=a|b',
    'Observation?encounter=a',
    'Observation?_sort=-date',
    'Observation?patient.family=a',
    'Observation?component-code-value-quantity=8480-6$gt140',
  ])('%s uses an index on every shard', async (path) => {
    const { stores, nodes } = await planOf(path);
    expect(stores).toEqual(['mongodb']);
    expect(nodes).toMatch(/IXSCAN|EOF/);
    expect(nodes).not.toContain('COLLSCAN');
  });

  const ORDERS = ['-date', 'date', '-_lastUpdated', '_lastUpdated'];
  test.each(ORDERS.map((order) => `Observation?_sort=${order}&_count=1`))('%s reads a page, not the type', async (path) => {
    const headers = { Authorization: `Bearer ${await gateway.token('system/*.cruds')}` };
    const page = (await (await fetch(`${gateway.baseUrl}/${path}`, { headers })).json()) as {
      readonly link: readonly { readonly relation: string; readonly url: string }[];
    };
    const next = page.link.find(({ relation }) => relation === 'next')?.url.slice(gateway.baseUrl.length + 1);
    expect(next).toBeDefined();
    for (const each of [path, next as string]) {
      const { nodes } = await planOf(each);
      expect(nodes.split(',').map((node) => node.trim())).not.toContain('SORT');
      expect(nodes).not.toContain('COLLSCAN');
    }
  });

  test('a search of both stores is explained for both', async () => {
    expect((await planOf('?_type=Observation,Encounter&_lastUpdated=ge2024')).stores.sort()).toEqual(['mongodb', 'postgresql']);
  });
});

test('no search of the cases reads more than it must', { timeout: 120_000 }, async () => {
  const searches = [...watched.asked.values()];
  expect(searches.length).toBeGreaterThan(100);
  const faults: string[] = [];
  for (let from = 0; from < searches.length; from += EXPLAINED_AT_ONCE) {
    const found = await Promise.all(searches.slice(from, from + EXPLAINED_AT_ONCE).map((search) => faultsOf(explaining, search)));
    faults.push(...found.flat());
  }
  expect(faults).toEqual([]);
});

test('no request failed for an unknown reason', () => {
  expect(gateway.failures).toEqual([]);
});
