/**
 * A search in an order that other resources decide: `_sort=patient.family`. No store can sort by what another resource holds,
 * so the matches are sorted here, and there is a limit to them. The values come from a search of the resources referred to,
 * each within what the caller may see there: what is hidden has no value, as if it weren't there.
 * @see https://hl7.org/fhir/R4/search.html#sort
 */
import { tooCostly } from '../../model/error.ts';
import type { ResourceVersion } from '../../model/resource.ts';
import { compileReader } from '../../search/parameters/path.ts';
import { referenceText } from '../../search/parameters/reference-text.ts';
import type { SearchRegistry } from '../../search/parameters/registry.ts';
import { applyAccess, type Narrow } from '../../search/plan/apply-access.ts';
import type { Authorized } from '../../search/plan/authorized.ts';
import { patientNamedBy } from '../../search/plan/route.ts';
import { simplify } from '../../search/plan/simplify.ts';
import { compareMatches, compareValues, type SortValue } from '../../store/order.ts';
import type { SearchMatch, SortHop, SortKey, StoreSearch } from '../../store/store.ts';

export interface OrderContext {
  readonly search: (search: Authorized<StoreSearch>) => Promise<readonly SearchMatch[]>;
  readonly registry: SearchRegistry;
  /** What the caller may find, applied at every hop. */
  readonly narrow: Narrow;
  /** Called for a type of which the caller may see nothing, when there is no other to look into. @throws FhirError 403 */
  readonly refuse: (type: string) => void;
  /** References below it are local. */
  readonly baseUrl: string;
}

/** Matches that can be sorted here, and resources that they may refer to. */
const MOST_SORTED = 2_000;
const MOST_TARGETS = 10_000;
const TARGETS_AT_ONCE = 1_000;

const BY_IDENTITY: SortKey = { parameter: '_identity', descending: false };

/** True if a store can't give this order. */
export const isChainedOrder = ({ sort }: Pick<StoreSearch, 'sort'>): boolean => sort.some(({ hop }) => hop !== undefined);

/**
 * What the search finds, in its order, from its position on.
 * @throws FhirError 422 `too-costly` for more than 2,000 matches in an order by chains, 403 for a type that may not be searched
 */
export async function searchInOrder(search: Authorized<StoreSearch>, context: OrderContext): Promise<readonly SearchMatch[]> {
  if (!isChainedOrder(search)) return context.search(search);
  for (const { hop } of search.sort) if (hop) checkHop(hop, context);
  const { after, backward, sort, limit, ...whole } = search;
  const own = sort.filter(({ hop }) => hop === undefined);
  const found = await context.search({ ...whole, sort: own, limit: MOST_SORTED + 1 } as Authorized<StoreSearch>);
  if (found.length > MOST_SORTED)
    throw tooCostly(`_sort: at most ${MOST_SORTED} matches can be sorted by a chain; narrow the search`, '_sort');
  const columns = await columnsOf(found, search, context);
  const matches = found.map(({ resource }, row) => ({ resource, sortValues: columns.map((column) => column[row] ?? null) }));
  const isBeyond = ({ sortValues }: SearchMatch) => !after || compareMatches(sortValues, after, search) > 0;
  return matches
    .filter(isBeyond)
    .sort((a, b) => compareMatches(a.sortValues, b.sortValues, search))
    .slice(0, limit);
}

/** The types that a hop may lead to of which the caller may see something. */
const seenOf = ({ into }: SortHop, { narrow }: OrderContext) => into.filter(({ type }) => simplify(narrow(type)).kind !== 'nothing');

/** Before anything is asked: whether the answer is 403 must not hang on what is stored. @throws FhirError 403 */
function checkHop(hop: SortHop, context: OrderContext): void {
  const seen = seenOf(hop, context);
  if (hop.into[0] && seen.length === 0) context.refuse(hop.into[0].type);
  for (const { key } of seen) if (key.hop) checkHop(key.hop, context);
}

/** The values of each sort key, in the order of the matches. */
async function columnsOf(
  found: readonly SearchMatch[],
  { types, sort, missing }: StoreSearch,
  context: OrderContext,
): Promise<SortValue[][]> {
  const resources = found.map(({ resource }) => resource);
  const columns: SortValue[][] = [];
  let stored = 0;
  for (const key of sort) {
    const at = key.hop ? undefined : stored++;
    const own = () => found.map(({ sortValues }) => sortValues[at as number] ?? null);
    columns.push(key.hop ? await valuesOver(key.hop, { key, resources, on: types[0] as string, missing }, context) : own());
  }
  return columns;
}

interface HopStart {
  readonly key: SortKey;
  readonly resources: readonly ResourceVersion[];
  /** The type of the resources. */
  readonly on: string;
  readonly missing: StoreSearch['missing'];
}

/** For each resource the first, in the key's direction, of the values that its references lead to; null if there is none. */
async function valuesOver(hop: SortHop, { key, resources, on, missing }: HopStart, context: OrderContext): Promise<SortValue[]> {
  const references = referencesOf(resources, on, hop, context);
  const values = new Map<string, SortValue>();
  for (const { type, key: inner } of seenOf(hop, context)) {
    const ids = [...new Set(references.flat().flatMap((each) => (each.type === type ? [each.id] : [])))];
    if (ids.length > MOST_TARGETS) throw tooCostly(`_sort: the matches refer to more than ${MOST_TARGETS} resources`, '_sort');
    for (let from = 0; from < ids.length; from += TARGETS_AT_ONCE) {
      const some = { type, ids: ids.slice(from, from + TARGETS_AT_ONCE), key: inner, missing };
      for (const [id, value] of await valuesAmong(some, context)) values.set(`${type}/${id}`, value);
    }
  }
  return references.map((own) =>
    first(
      own.map(({ type, id }) => values.get(`${type}/${id}`) ?? null),
      key.descending,
    ),
  );
}

const first = (values: readonly SortValue[], descending: boolean): SortValue =>
  values.length < 2 ? (values[0] ?? null) : (values.toSorted((a, b) => compareValues(a, b, descending))[0] ?? null);

interface Targets {
  readonly type: string;
  readonly ids: readonly string[];
  readonly key: SortKey;
  readonly missing: StoreSearch['missing'];
}

/** The values of those that the caller may find, by id. */
async function valuesAmong({ type, ids, key, missing }: Targets, context: OrderContext): Promise<(readonly [string, SortValue])[]> {
  const sort = key.hop ? [BY_IDENTITY] : [key, BY_IDENTITY];
  const asked: StoreSearch = { types: [type], where: simplify({ kind: 'ids', ids }), sort, limit: ids.length };
  const seen = applyAccess(asked, context.narrow);
  if (seen.where.kind === 'nothing') return [];
  const patient = patientNamedBy(seen.where, seen.types, context.registry);
  const found = await context.search({ ...seen, missing, ...(patient && { patient }) });
  const resources = found.map(({ resource }) => resource);
  const values = key.hop
    ? await valuesOver(key.hop, { key, resources, on: type, missing }, context)
    : found.map(({ sortValues }) => sortValues[0] ?? null);
  return resources.map(({ id }, row) => [id, values[row] ?? null] as const);
}

interface Target {
  readonly type: string;
  readonly id: string;
}

const LOCAL = /^([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})$/;

/** Where each resource's references to this server lead. */
function referencesOf(
  resources: readonly ResourceVersion[],
  on: string,
  { code }: SortHop,
  { registry, baseUrl }: OrderContext,
): readonly (readonly Target[])[] {
  const readers = (registry.parameter(on, code)?.paths ?? []).map(({ steps }) => compileReader(steps));
  return resources.map(({ raw }) => {
    const content: unknown = JSON.parse(raw);
    const found: unknown[] = [];
    for (const read of readers) read(content, found);
    return found.flatMap((value) => {
      const literal = (value as { readonly reference?: unknown }).reference;
      const [, type, id] = (typeof literal === 'string' && LOCAL.exec(referenceText(literal, baseUrl).text)) || [];
      return type !== undefined && id !== undefined ? [{ type, id }] : [];
    });
  });
}
