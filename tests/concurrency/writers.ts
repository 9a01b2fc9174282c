/** Clients that read, write, delete and search a few resources of both stores at once, and keep the book of it. */

import type { Answer, GatewayProcess } from '../support/gateway-process.ts';
import type { createRandom } from '../support/random.ts';
import type { Book, KeptVersion, SeenRead, SeenSearch, SentWrite } from './book.ts';

type Random = ReturnType<typeof createRandom>;
/** Asks any of the gateways. An answer that never came is undefined. */
type Ask = (...request: Parameters<GatewayProcess['ask']>) => Promise<Answer | undefined>;

const MARKERS = 'urn:test:marker';
/** Of resources that are made by conditional creates alone. */
const ONCE = 'urn:test:once';
const ONCE_NAMES = ['n0', 'n1', 'n2', 'n3', 'n4', 'n5'];
const KEYS = ['Patient/c-p0', 'Patient/c-p1', 'Observation/c-o0', 'Observation/c-o1', 'Encounter/c-e0', 'Encounter/c-e1'];
const REFUSED = new Set([400, 404, 409, 410, 412, 422]);
/** Whether the request was carried out is known to nobody but the server. */
const UNDECIDED = new Set([429, 500, 502, 503, 504]);

const typeOf = (key: string) => key.split('/')[0] as string;

/** A resource with the marker, in the record of any patient and of any year: it moves between shards and between partitions. */
function resourceOf(key: string, marker: string, random: Random) {
  const [resourceType, id] = key.split('/');
  const identifier = [{ system: MARKERS, value: marker }];
  const subject = { reference: random.pick(KEYS.slice(0, 2)) };
  if (resourceType === 'Patient') return { resourceType, id, identifier };
  // With another patient as its performer it is found in both records.
  const performer = random.below(2) === 0 ? { performer: [{ reference: random.pick(KEYS.slice(0, 2)) }] } : {};
  if (resourceType === 'Observation')
    return { resourceType, id, identifier, status: 'final', code: { text: 'race' }, subject, ...performer };
  const period = { start: `${2019 + random.below(5)}-05-01` };
  return { resourceType, id, identifier, status: 'finished', class: { code: 'IMP' }, subject, period };
}

const markerOf = (resource: { identifier?: readonly { value?: string }[] } | undefined) => resource?.identifier?.[0]?.value;
const versionOfTag = (tag: string | null | undefined) => Number(/^W\/"(\d+)"$/.exec(tag ?? '')?.[1] ?? 0);

export interface Race {
  readonly writes: SentWrite[];
  readonly reads: SeenRead[];
  readonly searches: SeenSearch[];
  /** Ids that conditional creates told, by what they asked for: "Patient?identifier=…". */
  readonly onces: Map<string, Set<string>>;
  /** Answers with a status that nobody should get. */
  readonly faults: string[];
}

export const newRace = (): Race => ({ writes: [], reads: [], searches: [], onces: new Map(), faults: [] });

/** One client that sends `count` requests, one after the other. Markers begin with its name. */
export async function runClient(name: string, count: number, ask: Ask, random: Random, race: Race): Promise<void> {
  /** What it saw last of each key. */
  const seen = new Map<string, { readonly version: number; readonly marker: string | undefined }>();
  let markers = 0;
  const nextMarker = () => `${name}-${markers++}`;

  async function write(
    keys: readonly string[],
    marker: string | undefined,
    send: () => Promise<Answer | undefined>,
    told: (answer: Answer) => Map<string, number>,
  ) {
    const start = performance.now();
    const answer = await send();
    const end = performance.now();
    const status = answer?.status ?? 0;
    const isDone = status === 200 || status === 201 || status === 204;
    if (!isDone && answer && !REFUSED.has(status) && !UNDECIDED.has(status)) race.faults.push(`${status} ${answer.text.slice(0, 300)}`);
    if (status === 500) race.faults.push(`500 ${answer?.text.slice(0, 300)}`);
    const versions = isDone && answer ? told(answer) : new Map<string, number>();
    for (const [key, version] of versions) seen.set(key, { version, marker });
    race.writes.push({
      keys,
      marker,
      start,
      end,
      outcome: isDone ? 'acknowledged' : REFUSED.has(status) ? 'refused' : 'unknown',
      versions,
    });
  }

  const ofAnswer = (answer: Answer) => {
    const { resourceType, id, meta } = answer.json ?? {};
    return new Map(id === undefined ? [] : [[`${resourceType}/${id}`, Number(meta.versionId)]]);
  };

  const put = (key: string, isConditional: boolean) => {
    const marker = nextMarker();
    const version = seen.get(key)?.version;
    const headers: Record<string, string> = isConditional && version ? { 'If-Match': `W/"${version}"` } : {};
    return write([key], marker, () => ask('PUT', key, resourceOf(key, marker, random), headers), ofAnswer);
  };

  const patch = (key: string) => {
    const marker = nextMarker();
    const body = JSON.stringify([{ op: 'replace', path: '/identifier/0/value', value: marker }]);
    return write([key], marker, () => ask('PATCH', key, body, { 'Content-Type': 'application/json-patch+json' }), ofAnswer);
  };

  /** A deletion of what is gone already makes no version, and names none. */
  const remove = (key: string) =>
    write(
      [key],
      undefined,
      () => ask('DELETE', key),
      () => new Map(),
    );

  const transaction = () => {
    const marker = nextMarker();
    const keys = [KEYS[random.below(2)], KEYS[2 + random.below(2)], KEYS[4 + random.below(2)]] as string[];
    const entry = keys.map((key) => ({ resource: resourceOf(key, marker, random), request: { method: 'PUT', url: key } }));
    const told = ({ json }: Answer) =>
      new Map<string, number>(
        json.entry.map((one: { response: { etag?: string } }, index: number) => [keys[index], versionOfTag(one.response.etag)]),
      );
    return write(keys, marker, () => ask('POST', '', { resourceType: 'Bundle', type: 'transaction', entry }), told);
  };

  const conditional = (key: string) => {
    const marker = nextMarker();
    const { id: _, ...body } = resourceOf(key, marker, random);
    const criterion = `${typeOf(key)}?identifier=${MARKERS}|${seen.get(key)?.marker ?? 'nobody'}`;
    return write([], marker, () => ask('PUT', criterion, body), ofAnswer);
  };

  /** Alone, or as the entry of a transaction. */
  async function createOnce() {
    const [type, value] = [random.pick(['Patient', 'Encounter']), random.pick(ONCE_NAMES)];
    const { id: _, ...body } = resourceOf(`${type}/x`, value, random);
    const resource = { ...body, identifier: [{ system: ONCE, value }] };
    const criteria = `identifier=${ONCE}|${value}`;
    const entry = [{ resource, request: { method: 'POST', url: type, ifNoneExist: criteria } }];
    const answer =
      random.below(2) === 0
        ? await ask('POST', type, resource, { 'If-None-Exist': criteria })
        : await ask('POST', '', { resourceType: 'Bundle', type: 'transaction', entry });
    if (!answer || UNDECIDED.has(answer.status)) return;
    if (![200, 201].includes(answer.status)) race.faults.push(`${answer.status} ${answer.text.slice(0, 300)}`);
    const id = answer.json.id ?? answer.json.entry?.[0]?.response?.location?.split('/')[1];
    const told = race.onces.get(`${type}?${criteria}`) ?? new Set();
    race.onces.set(`${type}?${criteria}`, told.add(id));
  }

  async function read(key: string) {
    const start = performance.now();
    const answer = await ask('GET', key);
    const end = performance.now();
    if (!answer || UNDECIDED.has(answer.status)) return;
    const { status, json, text } = answer;
    if (![200, 404, 410].includes(status)) race.faults.push(`${status} ${text.slice(0, 300)}`);
    const version = status === 200 ? Number(json.meta.versionId) : status === 410 ? undefined : 0;
    const marker = status === 200 ? markerOf(json) : undefined;
    if (version) seen.set(key, { version, marker });
    race.reads.push({ key, version, marker, start, end });
  }

  async function search(key: string) {
    const marker = seen.get(key)?.marker;
    if (marker === undefined) return;
    const start = performance.now();
    const answer = await ask('GET', `${typeOf(key)}?identifier=${MARKERS}|${marker}`);
    const end = performance.now();
    if (!answer || UNDECIDED.has(answer.status)) return;
    if (answer.status !== 200) race.faults.push(`${answer.status} ${answer.text.slice(0, 300)}`);
    const entries: readonly { resource: { resourceType: string; id: string; meta: { versionId: string } } }[] = answer.json.entry ?? [];
    const found = new Map(entries.map(({ resource }) => [`${resource.resourceType}/${resource.id}`, Number(resource.meta.versionId)]));
    race.searches.push({ type: typeOf(key), marker, found, start, end });
  }

  for (let n = 0; n < count; n++) {
    const [key, dice] = [random.pick(KEYS), random.below(100)];
    if (dice < 22) await put(key, false);
    else if (dice < 38) await put(key, true);
    else if (dice < 44) await patch(key);
    else if (dice < 50) await remove(key);
    else if (dice < 60) await transaction();
    else if (dice < 64) await conditional(key);
    else if (dice < 70) await createOnce();
    else if (dice < 84) await read(key);
    else await search(key);
  }
}

/** What was to be made once, and the ids of what was made, where those are not one. */
export async function madeTwice({ onces }: Race, ask: GatewayProcess['ask']): Promise<string[]> {
  const wrong: string[] = [];
  for (const [criteria, told] of onces) {
    const { json } = await ask('GET', criteria);
    const found = ((json.entry ?? []) as readonly { resource: { id: string } }[]).map(({ resource }) => resource.id);
    if (found.length !== 1 || [...told].join() !== found.join())
      wrong.push(`${criteria}: ${[...told].join()} was told, there is ${found.join()}`);
  }
  return wrong;
}

/** The race with what the server kept of it. */
export async function bookOf(race: Race, ask: GatewayProcess['ask']): Promise<Book> {
  const keys = new Set([...KEYS, ...race.writes.flatMap(({ versions }) => [...versions.keys()])]);
  const kept = new Map<string, readonly KeptVersion[]>();
  for (const key of keys) kept.set(key, await historyOf(key, ask));
  return { ...race, kept };
}

async function historyOf(key: string, ask: GatewayProcess['ask']): Promise<readonly KeptVersion[]> {
  const versions: KeptVersion[] = [];
  let path: string | undefined = `${key}/_history?_count=500`;
  while (path !== undefined) {
    const { status, json, text } = await ask('GET', path);
    if (status === 404) return [];
    if (status !== 200) throw new Error(`${status} ${text}`);
    for (const { resource, response } of json.entry ?? [])
      versions.push({ version: versionOfTag(response.etag), marker: markerOf(resource) });
    const next = (json.link as readonly { relation: string; url: string }[]).find(({ relation }) => relation === 'next');
    path = next?.url.slice(next.url.indexOf(`${key}/_history`));
  }
  return versions;
}
