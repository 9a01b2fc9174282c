import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ServedGateway, serveMemoryGateway } from '../../../tests/support/memory-gateway.ts';

interface Found {
  readonly entry?: readonly { readonly resource: { readonly id: string } }[];
  readonly link: readonly { readonly relation: string; readonly url: string }[];
  readonly issue?: readonly { readonly code: string; readonly diagnostics: string; readonly expression?: readonly string[] }[];
}

const FAMILIES = ['delta', 'alpha', undefined, 'charlie', 'alpha', 'bravo'];
const ALL = 'system/*.cruds';
let gateway: ServedGateway;

beforeAll(async () => {
  gateway = await serveMemoryGateway();
  const bundle = FAMILIES.flatMap((family, n) => [
    entry('Patient', `p${n}`, { gender: n < 3 ? 'female' : 'male', ...(family && { name: [{ family }] }) }),
    entry('Encounter', `e${n}`, { status: 'finished', class: { code: 'AMB' }, subject: { reference: `Patient/p${n}` } }),
    entry('Observation', `o${n}`, {
      status: 'final',
      code: { text: 'x' },
      subject: { reference: `Patient/p${n}` },
      encounter: { reference: `Encounter/e${n}` },
    }),
  ]);
  const several = ['p0', 'p5'].map((id) => ({ actor: { reference: `Patient/${id}` }, status: 'accepted' }));
  const other = [{ actor: { reference: 'Patient/p3' }, status: 'accepted' }];
  const appointments = [several, other].map((participant, n) => entry('Appointment', `a${n}`, { status: 'proposed', participant }));
  const elsewhere = { status: 'final', code: { text: 'x' }, subject: { reference: 'https://other.example/fhir/Patient/p1' } };
  await post([...bundle, ...appointments, entry('Observation', 'o9', elsewhere)]);
});

afterAll(() => gateway?.close());

const entry = (resourceType: string, id: string, body: object) => ({
  resource: { resourceType, id, ...body },
  request: { method: 'PUT', url: `${resourceType}/${id}` },
});

async function send(url: string, scope = ALL, init: RequestInit = {}): Promise<Response> {
  const headers = { Authorization: `Bearer ${await gateway.token(scope)}`, 'Content-Type': 'application/fhir+json' };
  return fetch(url.startsWith('http') ? url : `${gateway.baseUrl}/${url}`, { ...init, headers });
}

async function post(entries: readonly object[]): Promise<void> {
  const body = JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry: entries });
  const answer = await send('', ALL, { method: 'POST', body });
  if (answer.status !== 200) throw new Error(await answer.text());
}

const search = async (url: string, scope?: string) => (await (await send(url, scope)).json()) as Found;
const idsOf = ({ entry: entries = [] }: Found) => entries.map(({ resource }) => resource.id);
const linkOf = ({ link }: Found, relation: string) => link.find((each) => each.relation === relation)?.url;

describe('_sort by a chain', () => {
  test.each([
    ['Observation?_sort=patient.family,_id', 'o1 o4 o5 o3 o0 o2 o9'],
    ['Observation?_sort=-patient.family,_id', 'o0 o3 o5 o1 o4 o2 o9'],
    ['Observation?_sort=subject:Patient.family,-_id', 'o4 o1 o5 o3 o0 o9 o2'],
    ['Observation?_sort=subject.family,_id', 'o1 o4 o5 o3 o0 o2 o9'],
    ['Observation?_sort=encounter.patient.family,_id', 'o1 o4 o5 o3 o0 o2 o9'],
    ['Observation?_sort=-patient.gender,patient.family', 'o4 o5 o3 o1 o0 o2 o9'],
    ['Encounter?_sort=-subject:Patient.family,_id', 'e0 e3 e5 e1 e4 e2'],
    ['Patient/p3/Observation?_sort=patient.family', 'o3'],
    // Of several values the least, or descending the greatest.
    ['Appointment?_sort=patient.family', 'a0 a1'],
    ['Appointment?_sort=-patient.family', 'a0 a1'],
  ])('%s', async (url, ids) => {
    expect(idsOf(await search(url)).join(' ')).toBe(ids);
  });

  test.each(['patient.family', '-patient.family', 'subject:Patient.gender,-encounter.patient.family'])(
    'pages on and back by %s',
    async (sort) => {
      const whole = idsOf(await search(`Observation?_sort=${sort}`));
      const pages: Found[] = [await search(`Observation?_sort=${sort}&_count=2`)];
      for (let next = linkOf(pages[0] as Found, 'next'); next !== undefined; next = linkOf(pages.at(-1) as Found, 'next'))
        pages.push(await search(next));
      expect(pages.flatMap(idsOf)).toEqual(whole);
      expect(linkOf(pages[0] as Found, 'next')).not.toContain('alpha');
      for (let at = pages.length - 1; at > 0; at--) {
        const back = await search(linkOf(pages[at] as Found, 'previous') as string);
        expect(idsOf(back)).toEqual(idsOf(pages[at - 1] as Found));
      }
    },
  );

  test('a page goes on where it was, whatever came in between', async () => {
    const first = await search('Encounter?_sort=patient.family,_id&_count=2');
    await post([
      entry('Patient', 'q', { name: [{ family: 'aaron' }] }),
      entry('Encounter', 'q', { status: 'finished', class: { code: 'AMB' }, subject: { reference: 'Patient/q' } }),
    ]);
    const next = await search(linkOf(first, 'next') as string);
    await send('Encounter/q', ALL, { method: 'DELETE' });
    expect([idsOf(first), idsOf(next)]).toEqual([
      ['e1', 'e4'],
      ['e5', 'e3'],
    ]);
  });

  test('what the caller may not find has no value', async () => {
    const scope = 'user/Observation.rs user/Patient.s?gender=male';
    expect(idsOf(await search('Observation?_sort=patient.family,_id', scope)).join(' ')).toBe('o4 o5 o3 o0 o1 o2 o9');
  });

  test('each type that is entered needs its own scope, whatever is stored', async () => {
    for (const url of ['Observation?_sort=patient.family', 'Observation?_id=none&_sort=-encounter.patient.family']) {
      expect((await send(url, 'user/Observation.rs user/Encounter.rs')).status, url).toBe(403);
    }
  });

  test.each([
    ['Observation?_sort=patient.nothing', 400, 'not-supported', 'family'],
    ['Observation?_sort=nothing.family', 400, 'not-supported', 'subject'],
    ['Observation?_sort=code.family', 400, 'not-supported', 'subject'],
    ['Observation?_sort=subject:Medication.code', 400, 'not-supported', 'Patient'],
    ['Observation?_sort=patient.link.link.link.link.link.family', 400, 'value', '5 hops'],
    ['Observation?_sort=patient.', 400, 'not-supported', '_sort'],
    ['Patient?_sort=_has:Observation:patient:date', 400, 'not-supported', '_has'],
    ['?_type=Observation,Encounter&_sort=patient.family', 400, 'not-supported', 'one type'],
    ['Provenance?_sort=target._id', 422, 'too-costly', 'ways'],
  ])('%s is %i', async (url, status, code, words) => {
    const answer = await send(url);
    const [issue] = ((await answer.json()) as Found).issue ?? [];
    expect([answer.status, issue?.code, issue?.expression]).toEqual([status, code, ['_sort']]);
    expect(issue?.diagnostics).toContain(words);
  });

  test('lenient handling leaves out a chain that means nothing', async () => {
    const headers = { Authorization: `Bearer ${await gateway.token(ALL)}`, Prefer: 'handling=lenient' };
    const answer = await fetch(`${gateway.baseUrl}/Encounter?_sort=patient.nothing`, { headers });
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain('"outcome"');
  });
});

test('more than 2,000 matches are refused, not sorted in part', async () => {
  const many = Array.from({ length: 2_001 }, (_, n) =>
    entry('Basic', `b${n}`, { code: { text: 'x' }, subject: { reference: 'Patient/p1' } }),
  );
  await post(many.slice(1));
  expect((await send('Basic?_sort=patient.family')).status).toBe(200);
  await post(many.slice(0, 1));
  const answer = await send('Basic?_sort=patient.family');
  expect(answer.status).toBe(422);
  expect(((await answer.json()) as Found).issue?.[0]).toMatchObject({ code: 'too-costly', expression: ['_sort'] });
});
