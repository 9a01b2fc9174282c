/**
 * What comes along with a page of matches: `_include` and `_revinclude`, `:iterate` until nothing new comes. Each resource
 * comes once, deleted ones and those of types that the caller may not read not at all. What is over the limit is not dropped
 * in silence: links lead to it.
 * @see https://hl7.org/fhir/R4/search.html#include
 */
import { unlessArchived } from '../../access/archived.ts';
import { narrowAll } from '../../access/decision.ts';
import { type Issue, tooCostly } from '../../model/error.ts';
import { keyText, type ResourceKey, type ResourceVersion } from '../../model/resource.ts';
import { isServersOwn } from '../../model/servers-own.ts';
import type { SearchExpression } from '../../search/expression/expression.ts';
import type { StoreSearch } from '../../search/expression/search.ts';
import { anyValuePrefix, parameterKey } from '../../search/parameters/entry-text.ts';
import { applyAccess } from '../../search/plan/apply-access.ts';
import { patientNamedBy } from '../../search/plan/route.ts';
import { type Include, includeParameters } from '../../search/request/include.ts';
import { referenceHomes } from '../../search/request/join.ts';
import type { MissingParts } from '../answer/missing-parts.ts';
import type { BundleLink } from '../bundle/bundle-text.ts';
import type { InteractionContext } from '../context.ts';
import { queryText } from '../query-text.ts';
import type { FhirRequest } from '../request.ts';

export interface Included {
  readonly resources: readonly ResourceVersion[];
  /** Searches that find what was over the limit; relation `related`. */
  readonly links: readonly BundleLink[];
  /** What was left out, and why. */
  readonly issues: readonly Issue[];
}

/** Reference entries that an include follows. */
interface Followed {
  /** Of the parameter that keeps them. */
  readonly code: string;
  /** "Observation.subject=" */
  readonly start: string;
  /** Only to this type. */
  readonly target: string | undefined;
}

/** Rounds of `:iterate`; a hierarchy that is deeper is told to be cut. */
const MOST_ROUNDS = 12;
/** References looked up at once for `_revinclude`. */
const MOST_ENTRIES = 20_000;
/** Ids in one link. */
const IDS_OF_A_LINK = 50;

interface Gathering {
  readonly request: FhirRequest;
  readonly context: InteractionContext;
  readonly mayInclude: (type: string) => boolean;
  readonly missing: MissingParts;
  /** By include and source type: what its entries start with. */
  readonly followed: Map<string, readonly Followed[]>;
  /** Keys of the matches and of everything included or left out. */
  readonly known: Set<string>;
  readonly found: ResourceVersion[];
  readonly links: BundleLink[];
  readonly unreadable: Set<string>;
}

/** @throws FhirError 422 `too-costly` for a `*` that brings more than can be told in links */
export async function findIncluded(
  request: FhirRequest,
  context: InteractionContext,
  page: readonly ResourceVersion[],
  includes: readonly Include[],
  missing: MissingParts,
  mayInclude: (type: string) => boolean = () => true,
): Promise<Included> {
  const gathering: Gathering = {
    request,
    context,
    mayInclude,
    missing,
    followed: new Map(),
    known: new Set(page.map(keyText)),
    found: [],
    links: [],
    unreadable: new Set(),
  };
  let from = page;
  let asked = includes;
  let rounds = 0;
  while (from.length > 0 && asked.length > 0 && rounds < MOST_ROUNDS) {
    const before = gathering.found.length;
    await includeReferred(gathering, from, asked);
    await includeReferrers(gathering, from, asked);
    from = gathering.found.slice(before);
    asked = asked.filter(({ isIterated }) => isIterated);
    rounds++;
  }
  const isCut = from.length > 0 && asked.length > 0;
  return { resources: gathering.found, links: gathering.links, issues: issuesOf(gathering, isCut) };
}

function issuesOf({ unreadable, links }: Gathering, isCut: boolean): Issue[] {
  const warning = (code: Issue['code'], diagnostics: string): Issue => ({ severity: 'warning', code, diagnostics });
  return [
    ...(links.length > 0 ? [warning('incomplete', 'More is included than fits a page: the links "related" lead to the rest.')] : []),
    ...(isCut ? [warning('incomplete', `:iterate was followed ${MOST_ROUNDS} times; what lies deeper is not included.`)] : []),
    ...(unreadable.size > 0
      ? [warning('suppressed', `The token may not read ${[...unreadable].sort().join(', ')}: nothing of that is included.`)]
      : []),
  ];
}

const roomIn = ({ found, context }: Gathering) => context.limits.maxIncluded - found.length;

/** May be read at all; a type that may not is remembered. */
function isReadable({ request, unreadable }: Gathering, type: string): boolean {
  const isAllowed = request.access.allows(type, 'read');
  if (!isAllowed) unreadable.add(type);
  return isAllowed;
}

async function includeReferred(gathering: Gathering, from: readonly ResourceVersion[], includes: readonly Include[]): Promise<void> {
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

function add({ found, known }: Gathering, versions: readonly ResourceVersion[]): void {
  for (const version of versions) {
    if (known.has(keyText(version))) continue;
    known.add(keyText(version));
    found.push(version);
  }
}

function linkIds({ request, links, known }: Gathering, keys: readonly ResourceKey[]): void {
  for (const [type, ofType] of Map.groupBy(keys, (key) => key.type)) {
    for (const ids of chunksOf(ofType.map(({ id }) => id)))
      links.push({ relation: 'related', url: `${request.baseUrl}/${type}?${queryText([['_id', ids.join(',')]])}` });
  }
  for (const key of keys) known.add(keyText(key));
}

function chunksOf(texts: readonly string[]): string[][] {
  const chunks: string[][] = [];
  for (let at = 0; at < texts.length; at += IDS_OF_A_LINK) chunks.push(texts.slice(at, at + IDS_OF_A_LINK));
  return chunks;
}

/** References of one type that lead to the resources at hand. */
interface Referring {
  readonly include: Include;
  readonly type: string;
  readonly code: string;
  readonly to: readonly string[];
  readonly entries: readonly string[];
}

async function includeReferrers(gathering: Gathering, from: readonly ResourceVersion[], includes: readonly Include[]): Promise<void> {
  const reverse = includes.filter(({ direction }) => direction === 'reverse');
  const referring = reverse.flatMap((include) => referringTo(gathering, from, include));
  const entries = referring.reduce((sum, each) => sum + each.entries.length, 0);
  if (entries > MOST_ENTRIES) throw tooCostly('_revinclude: too many references for one page; ask for a smaller _count', '_revinclude');
  if (referring.length > 0) await includeFrom(gathering, [...new Set(referring.map(({ type }) => type))], referring);
}

function referringTo(gathering: Gathering, from: readonly ResourceVersion[], include: Include): Referring[] {
  const { context, request, unreadable } = gathering;
  const byType = Map.groupBy(from, ({ type }) => type);
  const sources = include.source === undefined ? context.definitions.resourceTypes.filter((type) => !isServersOwn(type)) : [include.source];
  return sources.flatMap((source) => {
    const referring = includeParameters(include, source, context.search.registry).flatMap((parameter): Referring[] =>
      [...byType].flatMap(([target, resources]) => {
        const isLeading = parameter.targets.includes(target) && (include.target ?? target) === target;
        const homes = isLeading ? referenceHomes(parameter, target) : [];
        const to = resources.map(keyText);
        const entries = homes.flatMap((home) => to.map((reference) => `${home}${reference}`));
        return entries.length > 0 ? [{ include, type: source, code: parameter.code, to, entries }] : [];
      }),
    );
    const isAllowed = request.access.allows(source, 'search-type') && request.access.allows(source, 'read');
    if (referring.length > 0 && !isAllowed) unreadable.add(source);
    return isAllowed ? referring : [];
  });
}

async function includeFrom(gathering: Gathering, types: readonly string[], referring: readonly Referring[]): Promise<void> {
  const { context, known } = gathering;
  const where: SearchExpression = { kind: 'among', entries: referring.flatMap((each) => each.entries) };
  const sort = [{ parameter: '_identity', descending: false }];
  // What is known already comes again and takes no room.
  const limit = roomIn(gathering) + known.size + 1;
  const search = applyAccess<StoreSearch>({ types, where, sort, limit, missing: gathering.missing.tell }, (type) =>
    narrowAll(gathering.request.access, type, ['r', 's']),
  );
  if (search.where.kind === 'nothing') return;
  const patient = patientNamedBy(search.where, search.types, context.search.registry);
  const page = await context.store.search({ ...search, ...(patient && { patient }) });
  const fresh = page.map(({ resource }) => resource).filter((resource) => !known.has(keyText(resource)));
  const room = roomIn(gathering);
  add(gathering, fresh.slice(0, room));
  if (fresh.length > room) linkReferrers(gathering, referring);
}

function linkReferrers({ request, links }: Gathering, referring: readonly Referring[]): void {
  const wildcard = referring.find(({ include }) => include.source === undefined || include.code === undefined);
  if (wildcard) throw tooCostly(`"${wildcard.include.text}" brings more than fits a page; name the type and the parameter`, '_revinclude');
  for (const { type, code, to } of referring) {
    for (const references of chunksOf(to))
      links.push({ relation: 'related', url: `${request.baseUrl}/${type}?${queryText([[code, references.join(',')]])}` });
  }
}
