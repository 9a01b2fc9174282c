/** A race of clients for a few resources of both stores: what they were told, and what the server kept of it. */
import type { GatewayProcess } from '../support/gateway-process.ts';
import type { Book, KeptVersion, SeenRead, SeenSearch, SentWrite } from './book.ts';

/** The system of markers. */
export const MARKERS = 'urn:test:marker';
/** Of resources that are made by conditional creates alone. */
export const ONCE = 'urn:test:once';
/** What they are called. */
export const ONCE_NAMES = ['n0', 'n1', 'n2', 'n3', 'n4', 'n5'];
/** What the clients race for. */
export const KEYS = ['Patient/c-p0', 'Patient/c-p1', 'Observation/c-o0', 'Observation/c-o1', 'Encounter/c-e0', 'Encounter/c-e1'];

/** Of a resource that has one. */
export const markerOf = (resource: { identifier?: readonly { value?: string }[] } | undefined) => resource?.identifier?.[0]?.value;
/** Of an entity tag; 0 without one. */
export const versionOfTag = (tag: string | null | undefined) => Number(/^W\/"(\d+)"$/.exec(tag ?? '')?.[1] ?? 0);

export interface Race {
  readonly writes: SentWrite[];
  readonly reads: SeenRead[];
  readonly searches: SeenSearch[];
  /** Ids that conditional creates told, by what they asked for: "Patient?identifier=…". */
  readonly onces: Map<string, Set<string>>;
  /** Answers with a status that nobody should get. */
  readonly faults: string[];
}

/** One in which nothing has happened yet. */
export const newRace = (): Race => ({ writes: [], reads: [], searches: [], onces: new Map(), faults: [] });

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
