/**
 * History pages: the current versions of `resources` and the older ones of `history`, newest first.
 *
 * Both collections are read in the order of their `{type, at, _id}` index and merged. A crash during an update may have
 * left the current version in `history` too; the merge drops the copy.
 */
import type { Filter } from 'mongodb';
import { identityOf, type ResourceVersion } from '../../model/resource.ts';
import type { HistoryRequest } from '../store.ts';
import { textOf } from './chunks.ts';
import { type MongoCollections, preferringPrimary } from './client.ts';
import type { ShardTrips } from './cluster/shard-trips.ts';
import { type StoredDocument, VERSION_FIELDS, versionOf } from './document.ts';
import { translate } from './errors.ts';

/** A page of history. `current` is the version that a read gives, needed when the request names one resource. */
export async function readHistory(
  collections: MongoCollections,
  request: HistoryRequest,
  current: ResourceVersion | undefined,
  trips: ShardTrips,
): Promise<readonly ResourceVersion[]> {
  const from = { primary: collections, primaryPreferred: preferringPrimary(collections) };
  try {
    if (request.id !== undefined) return await trips.readAcross(current?.rk, (mode) => historyOfOne(from[mode], request, current));
    return await trips.readAcross(undefined, (mode) => historyOfTypes(from[mode], request));
  } catch (error) {
    throw translate(error);
  }
}

async function historyOfOne(collections: MongoCollections, request: HistoryRequest, current: ResourceVersion | undefined) {
  if (!current) return [];
  const places = [current.rk, ...(current.trail?.past ?? [])];
  const ranges = places.map((rk) => {
    const identity = identityOf({ ...current, rk });
    return { _id: { $gte: `${identity}/`, $lt: `${identity}0` } };
  });
  const older = await collections.history
    .find({ $or: ranges }, { projection: VERSION_FIELDS, sort: { _id: -1 }, signal: request.signal })
    .toArray();
  const versions = await Promise.all(older.map(async (document) => versionOf(document, await textOf(collections, document))));
  const found = [current, ...versions.filter(({ version }) => version < current.version)].sort(newestFirst);
  // While a record is moved, a version lies at both places.
  const all = found.filter(({ version }, index) => version !== found[index - 1]?.version);
  return all.filter((version, index) => isWanted(request, version, all[index - 1])).slice(0, request.limit);
}

/** `_at` asks for versions that were current at some time in a period: made before its end and replaced after its start. */
function isWanted(request: HistoryRequest, version: ResourceVersion, successor: ResourceVersion | undefined): boolean {
  const { since, until, during, after } = request;
  if (since !== undefined && version.at < since) return false;
  if (until !== undefined && version.at > until) return false;
  if (during && (version.at > during.to || (successor !== undefined && successor.at <= during.from))) return false;
  return after === undefined || comparePosition(version, after) > 0;
}

async function historyOfTypes(collections: MongoCollections, request: HistoryRequest): Promise<readonly ResourceVersion[]> {
  const wanted: ResourceVersion[] = [];
  let after = request.after;
  // With `_at` a version's successor decides, which the index can't: pages are read until enough are found.
  for (;;) {
    const page = await versionsByTime(collections, { ...request, after });
    const kept = request.during ? await currentDuring(collections, page, request.during) : page;
    wanted.push(...kept);
    const last = page.at(-1);
    if (wanted.length >= request.limit || page.length < request.limit || !last) return wanted.slice(0, request.limit);
    after = { at: last.at, identity: identityOf(last), version: last.version };
  }
}

async function versionsByTime(collections: MongoCollections, request: HistoryRequest): Promise<readonly ResourceVersion[]> {
  const upper = Math.min(request.until ?? Number.POSITIVE_INFINITY, request.during?.to ?? Number.POSITIVE_INFINITY);
  const at = {
    ...(request.since !== undefined && { $gte: new Date(request.since) }),
    ...((Number.isFinite(upper) || request.after) && { $lte: new Date(Math.min(upper, request.after?.at ?? upper)) }),
  };
  const types = request.types ?? [];
  const filter: Filter<StoredDocument> = {
    ...(types.length === 1 ? { type: types[0] as string } : { type: { $in: [...types] } }),
    ...(Object.keys(at).length > 0 && { at }),
    home: { $exists: false },
  };
  const options = { projection: VERSION_FIELDS, sort: { at: -1, _id: 1 } as const, limit: request.limit + 1, signal: request.signal };
  // Within the instant of the last page's end, `_id` tells what came before: identities in `resources`, versions in `history`.
  const beyond = (afterId: string): Filter<StoredDocument> =>
    request.after
      ? { ...filter, $or: [{ at: { $lt: new Date(request.after.at) } }, { at: new Date(request.after.at), _id: { $gt: afterId } }] }
      : filter;
  const position = request.after;
  const [current, older] = await Promise.all([
    collections.resources.find(beyond(position?.identity ?? ''), options).toArray(),
    collections.history.find(beyond(position ? `${position.identity}/` : ''), options).toArray(),
  ]);
  const versions = await Promise.all(
    [...current, ...older].map(async (document) => versionOf(document, await textOf(collections, document))),
  );
  const merged = versions.filter((version) => !position || comparePosition(version, position) > 0).sort(newestFirst);
  return merged
    .filter((version, index) => index === 0 || newestFirst(version, merged[index - 1] as ResourceVersion) !== 0)
    .slice(0, request.limit);
}

/** Of versions, those that no other version had replaced by the start of the period. */
async function currentDuring({ resources, history }: MongoCollections, versions: readonly ResourceVersion[], during: { from: number }) {
  const replacedSince = async (version: ResourceVersion) => {
    if (version.at >= during.from) return true;
    const next = {
      type: version.type,
      id: version.id,
      version: version.version + 1,
      at: { $lte: new Date(during.from) },
      home: { $exists: false },
    };
    return !(await history.findOne(next, { projection: { _id: 1 } })) && !(await resources.findOne(next, { projection: { _id: 1 } }));
  };
  const kept = await Promise.all(versions.map(replacedSince));
  return versions.filter((_, index) => kept[index]);
}

function newestFirst(a: ResourceVersion, b: ResourceVersion): number {
  return comparePosition(a, { at: b.at, identity: identityOf(b), version: b.version });
}

/** Negative if the version comes before the position in a history, positive if after it. */
function comparePosition(
  version: ResourceVersion,
  position: { readonly at: number; readonly identity: string; readonly version: number },
): number {
  if (version.at !== position.at) return position.at - version.at;
  const identity = identityOf(version);
  if (identity !== position.identity) return identity < position.identity ? -1 : 1;
  return position.version - version.version;
}
