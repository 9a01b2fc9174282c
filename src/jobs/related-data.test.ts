import { describe, expect, test } from 'vitest';
import { createConsents } from '../access/consent/consents.ts';
import { damaged, gone, unavailable } from '../model/error.ts';
import { create, createScene, replace } from '../store/contract/scene.ts';
import { createMemoryStore } from '../store/memory/memory-store.ts';
import { createRelatedData } from './related-data.ts';

const BASE = 'http://localhost/fhir/R4';
const NOW = 0;

/** A consent that names a report with what it refers to. */
function setUp() {
  const store = createMemoryStore();
  const scene = createScene({ a: 'DiagnosticReport', b: 'Observation' });
  const referringTo = (...references: readonly string[]) =>
    JSON.stringify({ resourceType: 'DiagnosticReport', result: references.map((reference) => ({ reference })), text: 'Observation/text' });
  const first = scene.draft({ raw: referringTo('Observation/1', `${BASE}/Observation/2`, 'Patient/p', 'http://other/Observation/9') });
  const consents = createConsents();
  const data = [{ type: first.type, id: first.id, meaning: 'related' }] as const;
  consents.put('c', { id: 'c', version: 1, patient: 'Patient/p', at: 0, updated: 0, root: { decision: 'deny', data, nested: [] } });
  const related = () => consents.relatedTo(first);
  return { store, scene, first, consents, related, referringTo, keeper: createRelatedData({ resources: store, consents, baseUrl: BASE }) };
}

const idsOf = (keys: readonly { readonly id: string }[] | undefined) => keys?.map(({ id }) => id).sort();

describe('what a resource refers to that a consent names (https://hl7.org/fhir/R4/valueset-consent-data-meaning.html)', () => {
  test('is nothing before it is there, then what each version says; of now and ever', async () => {
    const { store, scene, first, consents, related, referringTo, keeper } = setUp();
    expect(keeper.isNamed(first)).toBe(true);
    expect(keeper.isNamed({ type: 'Observation', id: '1' })).toBe(false);
    expect(related()).toBeUndefined();
    await keeper.refresh();
    expect(related()).toEqual({ now: [], ever: [] });
    await store.commit({ writes: [create(first)] });
    await keeper.refresh();
    expect([idsOf(related()?.now), idsOf(related()?.ever)]).toEqual([
      ['1', '2'],
      ['1', '2'],
    ]);
    const second = scene.next(first, { raw: referringTo('Observation/3') });
    await store.commit({ writes: [await replace(store, second)] });
    const before = consents.generation(NOW);
    await keeper.refresh();
    expect([idsOf(related()?.now), idsOf(related()?.ever)]).toEqual([['3'], ['1', '2', '3']]);
    const known = consents.generation(NOW);
    expect(known).not.toBe(before);
    await keeper.refresh();
    expect(consents.generation(NOW)).toBe(known);
    await store.commit({ writes: [await replace(store, scene.deletion(second))] });
    await keeper.refresh();
    expect([idsOf(related()?.now), idsOf(related()?.ever)]).toEqual([[], ['1', '2', '3']]);
  });

  test('is unknown where it can not be read, stays as it was if it was known, and is forgotten with the consent', async () => {
    const { store, first, consents, related } = setUp();
    await store.commit({ writes: [create(first)] });
    let problem: Error | undefined = gone('archived');
    const read: typeof store.read = (key) => (problem ? Promise.reject(problem) : store.read(key));
    const keeper = createRelatedData({ resources: { ...store, read }, consents, baseUrl: BASE });
    await keeper.refresh();
    expect(related()).toBeUndefined();
    problem = damaged('altered');
    await keeper.refresh();
    expect(related()).toBeUndefined();
    problem = unavailable('away');
    await expect(keeper.refresh()).rejects.toThrow('away');
    problem = undefined;
    await keeper.refresh();
    expect(idsOf(related()?.now)).toEqual(['1', '2']);
    problem = gone('archived');
    await keeper.refresh();
    expect(idsOf(related()?.now)).toEqual(['1', '2']);
    consents.put('c', undefined);
    expect([related(), keeper.isNamed(first)]).toEqual([undefined, false]);
  });

  test('is unknown where it is more than a search can hold', async () => {
    const { store, scene, related, first, referringTo, keeper } = setUp();
    const many = Array.from({ length: 1_001 }, (_, n) => `Observation/${n}`);
    await store.commit({ writes: [create(first)] });
    await store.commit({ writes: [await replace(store, scene.next(first, { raw: referringTo(...many) }))] });
    await keeper.refresh();
    expect(related()).toBeUndefined();
  });
});
