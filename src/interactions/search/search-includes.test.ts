import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ServedGateway, serveMemoryGateway } from '../../../tests/support/memory-gateway.ts';
import { DEFAULT_LIMITS } from '../context.ts';

interface Entry {
  readonly resource: { readonly id: string; readonly resourceType: string };
  readonly search: { readonly mode: string };
}
interface Found {
  readonly entry?: readonly Entry[];
  readonly link: readonly { readonly relation: string; readonly url: string }[];
  readonly issue?: readonly { readonly code: string }[];
}

let gateway: ServedGateway;

beforeAll(async () => {
  gateway = await serveMemoryGateway({ limits: { ...DEFAULT_LIMITS, maxIncluded: 2 } });
  const coded = { status: 'final', code: { text: 'x' } };
  await put('Patient', 'p', {});
  for (const n of [1, 2, 3, 4]) {
    await put('Observation', `o${n}`, { ...coded, subject: { reference: 'Patient/p' }, performer: [{ reference: `Organization/g${n}` }] });
    await put('Organization', `g${n}`, { name: 'x', partOf: { reference: `Organization/g${n + 1}` } });
  }
});

afterAll(() => gateway?.close());

async function send(url: string, init: RequestInit = {}): Promise<Response> {
  const headers = { Authorization: `Bearer ${await gateway.token('system/*.cruds')}`, 'Content-Type': 'application/fhir+json' };
  return fetch(url.startsWith('http') ? url : `${gateway.baseUrl}/${url}`, { ...init, headers });
}

async function put(resourceType: string, id: string, body: object): Promise<void> {
  const answer = await send(`${resourceType}/${id}`, { method: 'PUT', body: JSON.stringify({ resourceType, id, ...body }) });
  expect(answer.status).toBe(201);
}

const search = async (url: string) => (await (await send(url)).json()) as Found;
const idsOf = ({ entry = [] }: Found, mode: string) => entry.filter((each) => each.search.mode === mode).map(({ resource }) => resource.id);
const related = ({ link }: Found) => link.filter(({ relation }) => relation === 'related').map(({ url }) => url);

test('what is over the limit is reached by related links: of _include by id, of _revinclude by reference', async () => {
  const forward = await search('Observation?_include=Observation:performer');
  const rest = await Promise.all(related(forward).map(search));
  expect(idsOf(forward, 'include')).toHaveLength(2);
  expect([...idsOf(forward, 'include'), ...rest.flatMap((each) => idsOf(each, 'match'))].sort()).toEqual(['g1', 'g2', 'g3', 'g4']);
  expect(idsOf(forward, 'outcome')).toHaveLength(1);

  const reverse = await search('Patient?_revinclude=Observation:patient');
  expect(idsOf(reverse, 'include')).toHaveLength(2);
  const all = await Promise.all(related(reverse).map(search));
  expect(all.flatMap((each) => idsOf(each, 'match')).sort()).toEqual(['o1', 'o2', 'o3', 'o4']);
});

test('a wildcard that brings more is refused, not cut', async () => {
  const answer = await send('Patient?_revinclude=*');
  expect(answer.status).toBe(422);
  expect(((await answer.json()) as Found).issue?.[0]?.code).toBe('too-costly');
});

test(':iterate goes on until the limit, and links to where it stopped', async () => {
  const found = await search('Organization?_id=g1&_include:iterate=Organization:partof');
  expect(idsOf(found, 'include')).toEqual(['g2', 'g3']);
  expect(related(found)).toEqual([`${gateway.baseUrl}/Organization?_id=g4`]);
});
