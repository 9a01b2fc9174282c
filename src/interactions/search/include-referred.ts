/** `_include`: what the resources at hand refer to. @see https://hl7.org/fhir/R4/search.html#include */
import { unlessArchived } from '../../access/archived.ts';
import { keyText, type ResourceKey, type ResourceVersion } from '../../model/resource.ts';
import { anyValuePrefix, parameterKey } from '../../search/parameters/entry-text.ts';
import { type Include, includeParameters } from '../../search/request/include.ts';
import { add, type Followed, type Gathering, isReadable, linkTo, roomIn } from './gathering.ts';

export async function includeReferred(gathering: Gathering, from: readonly ResourceVersion[], includes: readonly Include[]): Promise<void> {
  const forward = includes.filter(({ direction }) => direction === 'forward');
  if (forward.length === 0) return;
  const wanted = new Map<string, ResourceKey>();
  for (const resource of from) for (const key of referredBy(resource, forward, gathering)) wanted.set(keyText(key), key);
  const keys = [...wanted.values()].filter(
    (key) => !gathering.known.has(keyText(key)) && gathering.mayInclude(key.type) && isReadable(gathering, key.type),
  );
  const room = roomIn(gathering);
  const { context, request, missing } = gathering;
  const read = await Promise.all(
    keys.slice(0, room).map((key) => missing.orWithout(unlessArchived(context.store.read(key, request.access)))),
  );
  add(gathering, read.filter((version) => version !== undefined && !version.deleted) as ResourceVersion[]);
  linkIds(gathering, keys.slice(room));
}

const LOCAL = /^([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})$/;

const REFERENCE = /"reference"\s*:\s*"([^"]*)"/g;

/**
 * False if all that the text refers to is here already or is not to come: most of a record refers to itself only. Told by the
 * text, which costs far less than working out its entries; what is not plain counts as true.
 */
function mayReferOut({ raw }: ResourceVersion, { known, mayInclude }: Gathering): boolean {
  // The name may be written with escapes.
  if (raw.includes('\\u')) return true;
  for (const [, reference = ''] of raw.matchAll(REFERENCE)) {
    const [, type] = LOCAL.exec(reference) ?? [];
    const isInside = reference.startsWith('#') || (type !== undefined && (known.has(reference) || !mayInclude(type)));
    if (!isInside) return true;
  }
  return false;
}

function referredBy(resource: ResourceVersion, includes: readonly Include[], gathering: Gathering): ResourceKey[] {
  const { context } = gathering;
  const followed = includes.flatMap((include) => followedBy(include, resource.type, gathering));
  if (followed.length === 0 || !mayReferOut(resource, gathering)) return [];
  const codes = new Set(followed.map(({ code }) => code));
  return context.indexer.entriesOf(codes, JSON.parse(resource.raw) as object, resource).flatMap((entry) => {
    const start = entry.slice(0, entry.indexOf('=') + 1);
    const ways = followed.filter((way) => way.start === start);
    const [, type, id] = (ways.length > 0 && LOCAL.exec(entry.slice(start.length))) || [];
    if (type === undefined || id === undefined || !context.definitions.isResourceType(type)) return [];
    return ways.some(({ target }) => target === undefined || target === type) ? [{ type, id }] : [];
  });
}

function followedBy(include: Include, type: string, { context, followed }: Gathering): readonly Followed[] {
  const name = `${type} ${include.text}`;
  const known = followed.get(name);
  if (known) return known;
  const made = includeParameters(include, type, context.search.registry).flatMap((parameter) =>
    parameter.storedAs
      .filter((home) => include.target === undefined || home.target === undefined || home.target === include.target)
      .map((home) => ({
        code: home.code,
        start: anyValuePrefix(parameterKey(parameter.on, home.code)),
        target: include.target ?? home.target,
      })),
  );
  followed.set(name, made);
  return made;
}

function linkIds(gathering: Gathering, keys: readonly ResourceKey[]): void {
  for (const [type, ofType] of Map.groupBy(keys, (key) => key.type)) {
    const ids = ofType.map(({ id }) => id);
    linkTo(gathering, type, '_id', ids);
  }
  for (const key of keys) gathering.known.add(keyText(key));
}
