/** Clients that read, write, delete and search at random, and put down what they are told. */
import type { Answer, GatewayProcess } from '../support/gateway-process.ts';
import type { createRandom } from '../support/random.ts';
import { KEYS, MARKERS, markerOf, ONCE, ONCE_NAMES, type Race, versionOfTag } from './race.ts';

type Random = ReturnType<typeof createRandom>;
/** Asks any of the gateways. An answer that never came is undefined. */
type Ask = (...request: Parameters<GatewayProcess['ask']>) => Promise<Answer | undefined>;
type Versions = ReadonlyMap<string, number>;

const DONE = new Set([200, 201, 204]);
const REFUSED = new Set([400, 404, 409, 410, 412, 422]);
/** Whether the request was carried out is known to nobody but the server. */
const UNDECIDED = new Set([429, 502, 503, 504]);

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

/** One client that sends `count` requests, one after the other. Markers begin with its name. */
export async function runClient(name: string, count: number, ask: Ask, random: Random, race: Race): Promise<void> {
  const deeds = deedsOf(name, ask, random, race).flatMap(([share, deed]) => Array.from({ length: share }, () => deed));
  for (let n = 0; n < count; n++) await random.pick(deeds)(random.pick(KEYS));
}

/** What a client does with a key, each with its share of all that it does. */
function deedsOf(name: string, ask: Ask, random: Random, race: Race): readonly (readonly [number, (key: string) => Promise<void>])[] {
  /** What it saw last of each key. */
  const seen = new Map<string, { readonly version: number; readonly marker: string | undefined }>();
  let markers = 0;
  const nextMarker = () => `${name}-${markers++}`;

  async function timed(request: Parameters<Ask>) {
    const start = performance.now();
    const answer = await ask(...request);
    return { answer, start, end: performance.now() };
  }

  const fault = ({ status, text }: Answer) => race.faults.push(`${status} ${text.slice(0, 3_000)}`);

  /** An answer that tells something. One with another status than these is a fault. */
  async function told(expected: readonly number[], ...request: Parameters<Ask>) {
    const { answer, start, end } = await timed(request);
    if (!answer || UNDECIDED.has(answer.status)) return undefined;
    if (!expected.includes(answer.status)) fault(answer);
    return { ...answer, start, end };
  }

  async function write(
    keys: readonly string[],
    marker: string | undefined,
    versionsOf: (answer: Answer) => Versions,
    ...request: Parameters<Ask>
  ) {
    const { answer, start, end } = await timed(request);
    const status = answer?.status ?? 0;
    if (answer && ![DONE, REFUSED, UNDECIDED].some((known) => known.has(status))) fault(answer);
    const versions: Versions = answer && DONE.has(status) ? versionsOf(answer) : new Map();
    for (const [key, version] of versions) seen.set(key, { version, marker });
    const outcome = DONE.has(status) ? 'acknowledged' : REFUSED.has(status) ? 'refused' : 'unknown';
    race.writes.push({ keys, marker, start, end, outcome, versions });
  }

  function put(key: string, headers: Record<string, string> = {}) {
    const marker = nextMarker();
    return write([key], marker, versionOfAnswer, 'PUT', key, resourceOf(key, marker, random), headers);
  }

  function putIfMatch(key: string) {
    const version = seen.get(key)?.version;
    return put(key, version ? { 'If-Match': `W/"${version}"` } : {});
  }

  function patch(key: string) {
    const marker = nextMarker();
    const body = JSON.stringify([{ op: 'replace', path: '/identifier/0/value', value: marker }]);
    return write([key], marker, versionOfAnswer, 'PATCH', key, body, { 'Content-Type': 'application/json-patch+json' });
  }

  /** A deletion of what is gone already makes no version, and names none. */
  const remove = (key: string) => write([key], undefined, () => new Map(), 'DELETE', key);

  function transaction() {
    const marker = nextMarker();
    const keys = [KEYS[random.below(2)], KEYS[2 + random.below(2)], KEYS[4 + random.below(2)]] as string[];
    const entry = keys.map((key) => ({ resource: resourceOf(key, marker, random), request: { method: 'PUT', url: key } }));
    const versionsOf = ({ json }: Answer): Versions =>
      new Map(json.entry.map((one: { response: { etag?: string } }, index: number) => [keys[index], versionOfTag(one.response.etag)]));
    return write(keys, marker, versionsOf, 'POST', '', { resourceType: 'Bundle', type: 'transaction', entry });
  }

  function conditionalUpdate(key: string) {
    const marker = nextMarker();
    const { id: _, ...body } = resourceOf(key, marker, random);
    const criteria = `${typeOf(key)}?identifier=${MARKERS}|${seen.get(key)?.marker ?? 'nobody'}`;
    return write([], marker, versionOfAnswer, 'PUT', criteria, body);
  }

  /** Alone, or as the entry of a transaction. */
  async function createOnce() {
    const [type, value] = [random.pick(['Patient', 'Encounter']), random.pick(ONCE_NAMES)];
    const { id: _, ...body } = resourceOf(`${type}/x`, value, random);
    const resource = { ...body, identifier: [{ system: ONCE, value }] };
    const criteria = `identifier=${ONCE}|${value}`;
    const entry = [{ resource, request: { method: 'POST', url: type, ifNoneExist: criteria } }];
    const answer = await (random.below(2) === 0
      ? told([200, 201], 'POST', type, resource, { 'If-None-Exist': criteria })
      : told([200], 'POST', '', { resourceType: 'Bundle', type: 'transaction', entry }));
    if (!answer) return;
    const id = answer.json.id ?? answer.json.entry?.[0]?.response?.location?.split('/')[1];
    const ids = race.onces.get(`${type}?${criteria}`) ?? new Set();
    race.onces.set(`${type}?${criteria}`, ids.add(id));
  }

  async function read(key: string) {
    const answer = await told([200, 404, 410], 'GET', key);
    if (!answer) return;
    const { status, json, start, end } = answer;
    const version = status === 200 ? Number(json.meta.versionId) : status === 410 ? undefined : 0;
    const marker = status === 200 ? markerOf(json) : undefined;
    if (version) seen.set(key, { version, marker });
    race.reads.push({ key, version, marker, start, end });
  }

  async function search(key: string) {
    const marker = seen.get(key)?.marker;
    const answer = marker && (await told([200], 'GET', `${typeOf(key)}?identifier=${MARKERS}|${marker}`));
    if (!answer) return;
    const entries: readonly { resource: { resourceType: string; id: string; meta: { versionId: string } } }[] = answer.json.entry ?? [];
    const found = new Map(entries.map(({ resource }) => [`${resource.resourceType}/${resource.id}`, Number(resource.meta.versionId)]));
    race.searches.push({ type: typeOf(key), marker, found, start: answer.start, end: answer.end });
  }

  return [
    [22, put],
    [16, putIfMatch],
    [6, patch],
    [6, remove],
    [10, transaction],
    [4, conditionalUpdate],
    [6, createOnce],
    [14, read],
    [16, search],
  ];
}

/** The version that an answer with the resource tells. */
function versionOfAnswer({ json }: Answer): Versions {
  const { resourceType, id, meta } = json ?? {};
  return new Map(id === undefined ? [] : [[`${resourceType}/${id}`, Number(meta.versionId)]]);
}
