/**
 * Events of writes that were committed while their gateway died before it had put them on record.
 *
 * The stored version is its own outbox entry: it tells who made it, in which request and when. So after a crash the versions
 * since the last instant that the gateway vouched for are held against the events, and what has none gets one. An event may
 * then be there twice, where another gateway's was still on its way; none is missing.
 */
import type { ResourceVersion } from '../model/resource.ts';
import { addPatientsIn } from './patients.ts';
import type { AuditRecord } from './record.ts';

/** What the database knows of writes and of gateways. */
export interface WritesSink {
  /** Other gateways' chains that have neither ended nor been heard of for so long. */
  abandoned(own: number, silentMs: number): Promise<readonly { readonly chain: number; readonly coveredAt: number }[]>;
  /** Requests that may have written, since an instant, with the versions that they name. */
  eventsSince(since: number): Promise<readonly { readonly request: string; readonly entities: readonly string[] }[]>;
}

export interface MissingWritesOptions {
  readonly sink: Pick<WritesSink, 'eventsSince'>;
  /** All versions made in a period, in pages. */
  readonly versionsMade: (from: number, until: number) => AsyncIterable<readonly ResourceVersion[]>;
  readonly keep: (record: Omit<AuditRecord, 'recorded'>) => void;
}

/** A commit takes 15 s at most, and its event comes after it. */
const BEFORE_MS = 60_000;

/** Looks through the versions made since `coveredAt` until `until`. Gives how many requests got their event. */
export async function recordMissingWrites(
  { sink, versionsMade, keep }: MissingWritesOptions,
  coveredAt: number,
  until: number,
): Promise<number> {
  const from = coveredAt - BEFORE_MS;
  const missing = new Map<string, ResourceVersion[]>();
  let known: Known | undefined;
  for await (const page of versionsMade(from, until)) {
    known ??= knownFrom(await sink.eventsSince(from));
    for (const version of page) {
      if (isKnown(version, known)) continue;
      const { client, subject, request } = version.by;
      const writer = JSON.stringify([client, subject, request]);
      missing.set(writer, [...(missing.get(writer) ?? []), version]);
    }
  }
  for (const versions of missing.values()) keep(recordOf(versions));
  return missing.size;
}

interface Known {
  readonly entities: ReadonlySet<string>;
  /** Requests about several resources, of which the deletions are not named. */
  readonly bundles: ReadonlySet<string>;
}

function knownFrom(events: Awaited<ReturnType<WritesSink['eventsSince']>>): Known {
  return {
    entities: new Set(events.flatMap(({ entities }) => entities)),
    bundles: new Set(events.filter(({ entities }) => entities.length !== 1).map(({ request }) => request)),
  };
}

const entityOf = ({ type, id, version }: ResourceVersion) => `${type}/${id}/_history/${version}`;

const isKnown = (version: ResourceVersion, { entities, bundles }: Known) =>
  entities.has(entityOf(version)) || (version.deleted && bundles.has(version.by.request));

const INTERACTIONS = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' } as const;

function recordOf(versions: readonly ResourceVersion[]): Omit<AuditRecord, 'recorded'> {
  const [first] = versions as readonly [ResourceVersion];
  const patients = new Set<string>();
  for (const { type, id, raw } of versions) {
    if (type === 'Patient') patients.add(id);
    addPatientsIn(raw, patients);
  }
  return {
    interaction: versions.length > 1 ? 'transaction' : INTERACTIONS[first.deleted ? 'DELETE' : first.method],
    status: 200,
    request: first.by.request,
    client: first.by.client,
    subject: first.by.subject,
    issuer: '',
    address: '',
    entities: versions.map(entityOf),
    patients: [...patients],
    query: '',
    note: `found in the stores after its gateway had ended; made ${new Date(first.at).toISOString()}`,
  };
}
