import { beforeEach, describe, expect, test } from 'vitest';
import { loadDefinitions } from '../definitions/load.ts';
import { FhirError } from '../model/error.ts';
import type { ResourceDraft, ResourceVersion } from '../model/resource.ts';
import { createIndexer } from '../search/parameters/indexer.ts';
import { createSearchRegistry } from '../search/parameters/registry.ts';
import { createMemoryStore } from '../store/memory/memory-store.ts';
import type { ResourceStore, Write } from '../store/store.ts';
import { decideBy } from './decide-by.ts';
import type { AccessDecision } from './decision.ts';
import { type GuardedStore, guardStore, THE_SERVER } from './guarded-store.ts';
import { parseScopes } from './scopes.ts';

const BASE = 'http://localhost/fhir/R4';
const definitions = loadDefinitions();
const registry = createSearchRegistry(definitions);
const indexer = createIndexer(registry, definitions, { baseUrl: BASE });
const decide = decideBy(definitions, { registry, baseUrl: BASE, now: () => 0 });

const accessOf = (scope: string): AccessDecision =>
  decide({
    client: 'c',
    subject: 's',
    issuer: 'i',
    expiresAt: 0,
    patient: 'a',
    scopes: parseScopes(scope, definitions.isResourceType),
  });
const OWN = accessOf('patient/*.cruds');

let store: ResourceStore;
let guarded: GuardedStore;
let at: number;

beforeEach(() => {
  store = createMemoryStore();
  guarded = guardStore(store, { indexer, definitions, baseUrl: BASE, types: definitions.resourceTypes });
  at = 1000;
});

function draft(type: string, id: string, content: object, previous?: ResourceVersion): ResourceDraft {
  const tree = { resourceType: type, id, ...content };
  const index = indexer.entries(tree, { type, id });
  const by = { client: 'c', subject: 's', request: 'r' };
  const version = (previous?.version ?? 0) + 1;
  return { type, id, rk: '00aaaaaaaa', version, at: ++at, deleted: false, raw: JSON.stringify(tree), by, method: 'POST', index };
}

const write = (made: ResourceDraft, previous?: ResourceVersion): Write =>
  previous ? { kind: 'replace', draft: made, previous } : { kind: 'create', draft: made, idAssigned: true };
const of = (patient: string, more: object = {}) => ({ subject: { reference: `Patient/${patient}` }, ...more });
const refused = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof FhirError ? error.status : error),
  );
const create = (type: string, id: string, content: object, access: AccessDecision = OWN) =>
  refused(guarded.commit({ writes: [write(draft(type, id, content))] }, access));

describe('what a write may refer to', () => {
  test.each<[string, object, unknown]>([
    ['the own patient', of('a'), 'done'],
    ['the own patient by an absolute URL', { subject: { reference: `${BASE}/Patient/a` } }, 'done'],
    ['another patient by an absolute URL', of('a', { focus: [{ reference: `${BASE}/Patient/b` }] }), 403],
    ['another patient by version', of('a', { focus: [{ reference: 'Patient/b/_history/1' }] }), 403],
    ['a patient of another server', of('a', { focus: [{ reference: 'http://else/fhir/Patient/b' }] }), 'done'],
    ['what is nowhere', of('a', { encounter: { reference: 'Encounter/none' } }), 403],
    ['what is nobody’s', of('a', { performer: [{ reference: 'Practitioner/p' }] }), 'done'],
    ['an identifier only', of('a', { focus: [{ identifier: { value: 'b' } }] }), 'done'],
  ])('%s', async (_name, content, expected) => {
    expect(await create('Observation', 'o', content)).toBe(expected);
  });

  test('what the stored version refers to already may stay', async () => {
    const first = draft('Observation', 'o', of('a', { focus: [{ reference: 'Patient/b' }] }));
    await store.commit({ writes: [write(first)] });
    const kept = draft('Observation', 'o', of('a', { focus: [{ reference: 'Patient/b' }], status: 'final' }), first);
    expect(await refused(guarded.commit({ writes: [write({ ...kept, method: 'PUT' }, first)] }, OWN))).toBe('done');
  });

  test('what is written beside it may be referred to, if it is in the record', async () => {
    const inside = draft('Encounter', 'e', of('a'));
    const writes = [write(inside), write(draft('Observation', 'o', of('a', { encounter: { reference: 'Encounter/e' } })))];
    expect(await refused(guarded.commit({ writes }, OWN))).toBe('done');
  });
});

describe('what is seen', () => {
  test('a deletion, by whoever saw what was deleted', async () => {
    for (const patient of ['a', 'b']) {
      const first = draft('Observation', patient, of(patient));
      const deletion = { ...draft('Observation', patient, {}, first), deleted: true, raw: '', method: 'DELETE' as const };
      await store.commit({ writes: [write(first)] });
      await store.commit({ writes: [write(deletion, first)] });
    }
    expect((await guarded.read({ type: 'Observation', id: 'a' }, OWN))?.deleted).toBe(true);
    expect(await guarded.read({ type: 'Observation', id: 'b' }, OWN)).toBeUndefined();
    expect((await guarded.history({ limit: 10 }, OWN)).map(({ id }) => id)).toEqual(['a', 'a']);
    expect(await guarded.history({ limit: 10 }, THE_SERVER)).toHaveLength(4);
  });

  test('a page of a history is full however much lies between', async () => {
    const ids = Array.from({ length: 1_203 }, (_, i) => `x${i}`);
    await store.commit({ writes: ids.map((id, i) => write(draft('Observation', id, of(i % 400 === 0 ? 'a' : 'b')))) });
    expect((await guarded.history({ types: ['Observation'], limit: 3 }, OWN)).map(({ id }) => id)).toEqual(['x1200', 'x800', 'x400']);
  });

  test('nothing is asked of a store for a type out of reach', async () => {
    const silent = guardStore(
      { ...store, read: () => Promise.reject(new Error('asked')) },
      { indexer, definitions, baseUrl: BASE, types: definitions.resourceTypes },
    );
    expect(await silent.read({ type: 'Device', id: 'x' }, OWN)).toBeUndefined();
  });

  test('whoever sees everything gets what the store gives', async () => {
    const found = Promise.resolve(undefined);
    const plain = guardStore({ ...store, read: () => found }, { indexer, definitions, baseUrl: BASE, types: definitions.resourceTypes });
    expect(plain.read({ type: 'Patient', id: 'x' }, accessOf('user/*.rs'))).toBe(found);
  });
});
