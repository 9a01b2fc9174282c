/**
 * A search from query to Bundle.
 * @see https://hl7.org/fhir/R4/http.html#search
 * @see https://hl7.org/fhir/R4/search.html#return
 */
import { unsupportedMediaType } from '../model/error.ts';
import { EVERYTHING, NOTHING } from '../search/expression/expression.ts';
import { planSearch, resolveChains, type SearchPlan } from '../search/plan/plan-search.ts';
import { parseSearch, type SearchRequest } from '../search/request/parse.ts';
import type { SearchMatch } from '../store/store.ts';
import { type BundleLink, bundleText } from './bundle-text.ts';
import type { InteractionContext } from './context.ts';
import { PAGE, pageTokensFor } from './page-cursor.ts';
import { boundedPairs, queryText } from './query-text.ts';
import type { FhirRequest, FhirResponse } from './request.ts';
import { type Subset, subsetOf, subsetText } from './subset.ts';

type Pairs = FhirRequest['query'];

/** Parameters from the URL and, for POST, from the form. @throws FhirError 415 for a body that is no form, 400 for too many */
function searchPairs({ method, query, body }: FhirRequest): Pairs {
  if (method !== 'POST' || !body) return boundedPairs(query);
  if (body.kind !== 'form') throw unsupportedMediaType('_search takes application/x-www-form-urlencoded');
  return boundedPairs([...query, ...body.pairs]);
}

/** Searches these types. Results are the stored texts, put into the Bundle as they are. */
export async function runSearch(request: FhirRequest, context: InteractionContext, types: readonly string[]): Promise<FhirResponse> {
  const pairs = searchPairs(request);
  const subset = subsetOf(pairs);
  const asked = parseSearch(pairs, types, { ...context.search, handling: request.prefer.handling ?? 'strict' });
  const narrow = (type: string) => (request.access.allows(type, 'search-type') ? EVERYTHING : NOTHING);
  const search = await resolveChains(asked, {
    registry: context.search.registry,
    narrow,
    refuse: (type) => request.access.require(type, 'search-type'),
    collect: context.store.collect,
  });
  const plan = planSearch(search, { registry: context.search.registry, narrow, pageTokens: pageTokensFor(request, context) });
  const isCountOnly = plan.pageSize === 0 || search.summary === 'count';
  const found = isCountOnly ? [] : await context.store.search(plan.search);
  const page = found.slice(0, plan.pageSize);
  const total = await totalOf(search, plan, isCountOnly ? undefined : found.length, context);
  const links = linksOf(request, search, plan, found.length > page.length ? page.at(-1) : undefined);
  const entries = page.map((match) => matchEntry(request.baseUrl, match, context, subset));
  return { status: 200, headers: {}, body: { kind: 'fhir', text: bundleText('searchset', links, total, entries) } };
}

/** Told when it costs nothing (one page holds all) or is asked for. `found` is undefined if only the count is wanted. */
async function totalOf(
  { total, page }: SearchRequest,
  { search, pageSize }: SearchPlan,
  found: number | undefined,
  context: InteractionContext,
): Promise<number | undefined> {
  if (found !== undefined && page === undefined && found <= pageSize) return found;
  const isWanted = found === undefined || total === 'accurate' || total === 'estimate';
  return isWanted ? context.store.count(search) : undefined;
}

/** `self` tells what was understood; `next` goes on after the last match. */
function linksOf(request: FhirRequest, search: SearchRequest, plan: SearchPlan, last: SearchMatch | undefined): BundleLink[] {
  const page: Pairs = search.page === undefined ? [] : [[PAGE, search.page]];
  const self = { relation: 'self', url: linkUrl(request, [...search.applied, ...page]) };
  if (!last) return [self];
  return [self, { relation: 'next', url: linkUrl(request, [...search.applied, [PAGE, plan.nextPage(last)]]) }];
}

/** A search by POST is told as the GET that means the same. */
function linkUrl({ baseUrl, type }: FhirRequest, pairs: Pairs): string {
  const query = queryText(pairs);
  return `${baseUrl}${type === undefined ? '' : `/${type}`}${query && `?${query}`}`;
}

function matchEntry(baseUrl: string, { resource }: SearchMatch, context: InteractionContext, subset: Subset | undefined): string {
  const { type, id, raw } = resource;
  const text = subset ? subsetText(context.definitions, raw, subset) : raw;
  return `{"fullUrl":${JSON.stringify(`${baseUrl}/${type}/${id}`)},"resource":${text},"search":{"mode":"match"}}`;
}
