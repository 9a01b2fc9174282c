/**
 * Walks through pages, forward to the end and back to the start, over both stores, audit events among them: each match comes
 * once, in one order, as many as the total says, and every walk ends.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { testDatabases } from '../support/databases.ts';
import { gatewayOfAFile, onStores } from '../support/gateway-process.ts';
import { createRandom, seedFrom } from '../support/random.ts';

const { ask } = await gatewayOfAFile(onStores(await testDatabases()));

const seed = seedFrom('WALK_SEED');
const random = createRandom(seed);
/** Walks through each search and history. */
const WALKS = Number(process.env.WALK_COUNT ?? 2);
/** More pages than any walk here has. */
const MOST_PAGES = 500;
const PATIENTS = 9;

interface Entry {
  readonly fullUrl: string;
  readonly search?: { readonly mode: string };
  readonly response?: { readonly etag: string };
}
interface Page {
  readonly total?: number;
  readonly entry?: readonly Entry[];
  readonly link: readonly { readonly relation: string; readonly url: string }[];
}

/** A patient with visits of several years and measurements; some have no family name, no birth date, the same as others, or an end. */
function recordOf(n: number, note: string) {
  const subject = { reference: `Patient/w-${n}` };
  const patient = {
    resourceType: 'Patient',
    id: `w-${n}`,
    active: n % 2 === 0,
    ...(n % 4 && { name: [{ family: `family-${n % 3}`, text: note }] }),
    ...(n % 3 && { birthDate: `19${50 + (n % 4)}` }),
  };
  const encounters = [2019, 2021, 2021].map((year, i) => ({
    resourceType: 'Encounter',
    id: `w-${n}-${i}`,
    status: 'finished',
    class: { code: 'AMB' },
    serviceType: { text: note },
    subject,
    ...(n % 5 && { period: { start: `${year}-0${1 + (n % 3)}-01`, ...(n % 2 && { end: `${year}-05-02` }) } }),
  }));
  const observations = [0, 1, 2].map((i) => ({
    resourceType: 'Observation',
    id: `w-${n}-${i}`,
    status: i === 2 ? 'amended' : 'final',
    code: { text: note },
    subject,
    ...(n % 4 && { effectiveDateTime: `202${i}-0${1 + (n % 2)}-01` }),
  }));
  const resources = [patient, ...encounters, ...observations];
  const entry = resources.map((resource) => ({ resource, request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` } }));
  return { resourceType: 'Bundle', type: 'transaction', entry };
}

let now = '';
beforeAll(async () => {
  for (const note of ['first', 'second']) {
    for (let n = 0; n < PATIENTS; n++) {
      const { status, text } = await ask('POST', '', recordOf(n, note));
      expect(status, text).toBe(200);
    }
  }
  now = new Date().toISOString();
}, 120_000);

async function pageAt(path: string): Promise<Page> {
  const { status, json, text } = await ask('GET', path);
  expect(status, `${path}: ${text}`).toBe(200);
  return json;
}

function linkIn({ link }: Page, relation: string): string | undefined {
  const url = link.find((one) => one.relation === relation)?.url;
  return url?.slice(url.indexOf('/fhir/R4') + '/fhir/R4'.length).replace(/^\//, '');
}

/** From a page on, as far as its links lead. */
async function walk(from: string | undefined, relation: 'next' | 'previous'): Promise<Page[]> {
  const pages: Page[] = [];
  for (let path = from; path !== undefined; path = linkIn(pages.at(-1) as Page, relation)) {
    pages.push(await pageAt(path));
    if (pages.length > MOST_PAGES) throw new Error(`${from} does not end: ${path}`);
  }
  return pages;
}

const namesIn = ({ entry = [] }: Page) =>
  entry.flatMap(({ fullUrl, search, response }) => {
    const name = fullUrl.split('/').slice(-2).join('/');
    return search && search.mode !== 'match' ? [] : [response ? `${name} ${response.etag}` : name];
  });

const SEARCHES: readonly (readonly [search: string, keys: readonly string[]])[] = [
  ['Patient?', ['_id', 'family', 'birthdate', '_lastUpdated']],
  ['Patient?active=true', ['family', 'birthdate']],
  ['Patient?_has:Encounter:subject:date=ge2021', ['family']],
  ['Observation?', ['_id', 'date', '_lastUpdated', 'status', 'patient.family']],
  ['Observation?status=final&_include=Observation:subject', ['date']],
  ['Observation?patient.family=family-1', ['date', '_id']],
  ['Encounter?', ['_id', 'date', '_lastUpdated', 'patient.birthdate']],
  ['Encounter?date=ge2020', ['date']],
  ['Encounter?subject:Patient.active=true', ['date', '_lastUpdated']],
  ['Patient/w-1/*?_lastUpdated=lt{now}', ['_lastUpdated']],
  ['Patient/w-1/Encounter', ['date']],
  ['AuditEvent?date=lt{now}', ['date', '_lastUpdated', '_id']],
  ['AuditEvent?patient=Patient/w-1&date=lt{now}', ['date']],
  ['?_type=Patient,Encounter', ['_lastUpdated', '_id']],
  ['?_type=AuditEvent,Encounter,Observation&_lastUpdated=lt{now}', ['_lastUpdated', '_id']],
];
const HISTORIES = ['', 'Patient', 'Encounter', 'Observation', 'Patient/w-1', 'Encounter/w-1-0'];

const walks = <Item>(items: readonly Item[]) => items.flatMap((item) => Array.from({ length: WALKS }, () => item));
const withQuery = (path: string, query: string) => `${path}${path.includes('?') ? (path.endsWith('?') ? '' : '&') : '?'}${query}`;

describe(`every walk ends where it should, WALK_SEED=${seed}`, { timeout: 60_000 }, () => {
  const searches = walks(SEARCHES).map(([search, keys]) => {
    const sort = random.below(4) === 0 ? '' : `&_sort=${random.below(2) ? '-' : ''}${random.pick(keys)}`;
    return withQuery(search, `_count=${1 + random.below(9)}${sort}&_total=accurate`);
  });

  test.each([...new Set(searches)])('%s', async (search) => {
    const forward = await walk(search.replace('{now}', now), 'next');
    const found = forward.flatMap(namesIn);
    expect(new Set(found).size).toBe(found.length);
    expect(found.length).toBe(forward[0]?.total);
    expect(found.length).toBeGreaterThan(0);
    const back = await walk(linkIn(forward.at(-1) as Page, 'previous'), 'previous');
    expect(back.reverse().flatMap(namesIn)).toEqual(found.slice(0, found.length - namesIn(forward.at(-1) as Page).length));
  });

  test.each([...new Set(walks(HISTORIES).map((path) => `${path}${path && '/'}_history?_count=${5 + random.below(30)}`))])(
    '%s',
    async (path) => {
      const whole = (await walk(path.replace(/_count=\d+/, '_count=1000'), 'next')).flatMap(namesIn);
      const found = (await walk(path, 'next')).flatMap(namesIn);
      expect(new Set(found).size).toBe(found.length);
      // What is put on record meanwhile comes at the front.
      expect(found.slice(-whole.length)).toEqual(whole);
      expect(whole.length).toBeGreaterThan(1);
    },
  );
});
