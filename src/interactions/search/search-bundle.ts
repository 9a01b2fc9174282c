/**
 * A search from query to Bundle.
 * @see https://hl7.org/fhir/R4/http.html#search
 * @see https://hl7.org/fhir/R4/search.html#return
 */
import { narrowAll } from '../../access/decision.ts';
import type { ScopeLetter } from '../../access/scopes.ts';
import { type Issue, invalidValue, unsupportedMediaType, unsupportedParameter } from '../../model/error.ts';
import { keyText, type ResourceVersion } from '../../model/resource.ts';
import { and } from '../../search/expression/expression.ts';
import type { Narrow } from '../../search/plan/apply-access.ts';
import { planSearch, resolveChains, type SearchPlan } from '../../search/plan/plan-search.ts';
import { withNamedInFilters } from '../../search/request/filter.ts';
import { parseSearch, type SearchRequest } from '../../search/request/parse.ts';
import type { SearchMatch } from '../../store/store.ts';
import { asksForVocabulary } from '../../terminology/vocabulary.ts';
import { type MissingParts, missingParts } from '../answer/missing-parts.ts';
import { outcomeText } from '../answer/outcome.ts';
import { type Subset, subsetOf, subsetText } from '../answer/subset.ts';
import { type BundleLink, bundleText } from '../bundle/bundle-text.ts';
import { PAGE, pageTokensFor } from '../bundle/page-cursor.ts';
import type { InteractionContext, Limits } from '../context.ts';
import { boundedPairs, queryText } from '../query-text.ts';
import type { FhirRequest, FhirResponse } from '../request.ts';
import { inCompartment } from './search-compartment.ts';
import { type OrderContext, searchInOrder } from './search-in-order.ts';
import { findIncluded, type Included } from './search-includes.ts';
import { listMembers } from './search-lists.ts';
import { namedTimeout } from './search-timeout.ts';
import { totalOf } from './search-total.ts';

type Pairs = FhirRequest['query'];

/** Parameters from the URL and, for POST, from the form. @throws FhirError 415 for a body that is no form, 400 for too many */
function searchPairs({ method, query, body }: FhirRequest, { maxSearchParameters }: Limits): Pairs {
  if (method !== 'POST' || !body) return boundedPairs(query, maxSearchParameters);
  if (body.kind !== 'form') throw unsupportedMediaType('_search takes application/x-www-form-urlencoded');
  return boundedPairs([...query, ...body.pairs], maxSearchParameters);
}

/** What the caller may find of a type; where more than finding is asked for, what all of the letters reach. */
export const narrowFor =
  ({ access }: FhirRequest, letters: readonly ScopeLetter[] = ['s']): Narrow =>
  (type) =>
    narrowAll(access, type, letters);

/** Searches these types. Results are the stored texts, put into the Bundle as they are. */
export async function runSearch(request: FhirRequest, context: InteractionContext, types: readonly string[]): Promise<FhirResponse> {
  const pairs = searchPairs(request, context.limits);
  if (pairs.some(([name]) => name === EXPLAIN)) return explained(request, context, pairs);
  const subset = subsetOf(pairs);
  try {
    return await answerSearch(request, context, await understand(request, context, pairs, types), { subset });
  } catch (error) {
    throw namedTimeout(error, pairs);
  }
}

/** `_explain=true`: how the search is run, instead of what it finds. */
const EXPLAIN = '_explain';

/** The same as `$explain`. @throws FhirError 403 without its scope, 400 where it is not offered or for another value */
function explained(request: FhirRequest, context: InteractionContext, pairs: Pairs): Promise<FhirResponse> {
  const operation = context.findOperation('explain', request.type === undefined ? 'system' : 'type', request.type);
  if (!operation || request.compartment) throw unsupportedParameter('_explain is not offered here', EXPLAIN);
  if (pairs.some(([name, value]) => name === EXPLAIN && value !== 'true')) throw invalidValue('_explain is true or not there', EXPLAIN);
  const { body: _form, ...rest } = request;
  return operation.handle({ ...rest, query: pairs.filter(([name]) => name !== EXPLAIN) }, context);
}

interface SearchAnswer {
  readonly subset?: Subset | undefined;
  /** Types that includes may bring; default all. */
  readonly mayInclude?: (type: string) => boolean;
  /** Matches that come before those found, on the first page. */
  readonly leading?: readonly ResourceVersion[];
  /** Looks at the matches of the page while the rest of the answer is made; what it throws is answered instead. */
  readonly whenFound?: (matched: readonly ResourceVersion[]) => Promise<void>;
  /** What else is to be told. */
  readonly issues?: readonly Issue[];
  /** What the client must be allowed to do with a match; default to search for it. */
  readonly letters?: readonly ScopeLetter[];
  /** What the answer may do without. */
  readonly missing?: MissingParts;
}

/** A page of a search that is understood, its chains resolved. */
export async function answerSearch(
  request: FhirRequest,
  context: InteractionContext,
  search: SearchRequest,
  { subset, mayInclude, leading, whenFound, issues = [], letters, missing = missingParts(request) }: SearchAnswer,
): Promise<FhirResponse> {
  const plan = planSearch(search, {
    registry: context.search.registry,
    narrow: narrowFor(request, letters),
    pageTokens: pageTokensFor(request, context),
  });
  const isCountOnly = plan.pageSize === 0 || search.summary === 'count';
  const whole = { ...plan, search: { ...plan.search, missing: missing.tell } };
  const found = isCountOnly ? [] : await searchInOrder(whole.search, orderContext(request, context, letters));
  const page = pageOf(found, plan);
  const matched = [...(search.page === undefined ? (leading ?? []) : []), ...page.map(({ resource }) => resource)];
  const [total, included] = await Promise.all([
    totalOf(search, whole, isCountOnly ? undefined : found.length, context),
    includedWith(request, context, matched, search, mayInclude, missing),
    whenFound?.(matched),
  ]);
  const all = linksOf(request, search, plan, page, found.length > page.length);
  // On the way back nothing would lead the first page.
  const links = leading ? all.filter(({ relation }) => relation !== 'previous') : all;
  const entries = [
    ...matched.map((resource) => entryText(request, context, resource, 'match', subset)),
    // The elements asked for are those of the matches.
    ...included.resources.map((each) => entryText(request, context, each, 'include', subset?.kind === 'elements' ? undefined : subset)),
    ...outcomeEntry([...issues, ...search.ignored.map(ignoredIssue), ...total.issues, ...included.issues, ...missing.issues()]),
  ];
  const text = bundleText(
    'searchset',
    [...links, ...included.links],
    total.value === undefined ? undefined : total.value + (leading?.length ?? 0),
    entries,
  );
  return { status: 200, headers: {}, body: { kind: 'fhir', text } };
}

/** The request, its compartment and its chains as one condition. */
export async function understand(
  request: FhirRequest,
  context: InteractionContext,
  pairs: Pairs,
  types: readonly string[],
): Promise<SearchRequest> {
  const { registry } = context.search;
  const named = withNamedInFilters(pairs);
  const vocabulary = asksForVocabulary(named) ? await context.findVocabulary(named, narrowFor(request)) : undefined;
  const asked = parseSearch(pairs, types, { ...context.search, vocabulary, handling: request.prefer.handling ?? 'strict' });
  if (asked.includes.length > 0 && asked.summary === 'text') throw invalidValue('_summary=text can not be mixed with includes', '_summary');
  const { compartment } = request;
  const within = compartment && {
    within: keyText(compartment),
    where: and([inCompartment(compartment, asked.types, context.definitions, registry), asked.where]),
  };
  return resolveChains(
    { ...asked, ...within },
    {
      registry,
      narrow: narrowFor(request),
      refuse: (type) => request.access.require(type, 'search-type'),
      collect: context.store.collect,
      membersOf: listMembers(request, context),
    },
  );
}

/** What an order by chains needs. `letters`: what the client must be allowed to do with what decides the order. */
export function orderContext(request: FhirRequest, context: InteractionContext, letters?: readonly ScopeLetter[]): OrderContext {
  return {
    search: context.store.search,
    registry: context.search.registry,
    narrow: narrowFor(request, letters),
    refuse: (type) => request.access.require(type, 'search-type'),
    baseUrl: context.search.baseUrl,
  };
}

const NOTHING_INCLUDED: Included = { resources: [], links: [], issues: [] };

function includedWith(
  request: FhirRequest,
  context: InteractionContext,
  page: readonly ResourceVersion[],
  { includes }: SearchRequest,
  mayInclude: SearchAnswer['mayInclude'],
  missing: MissingParts,
): Promise<Included> {
  if (includes.length === 0 || page.length === 0) return Promise.resolve(NOTHING_INCLUDED);
  return findIncluded(request, context, page, includes, missing, mayInclude);
}

/** The matches of the page in their order: a search backward finds the last one first. */
function pageOf(found: readonly SearchMatch[], { search, pageSize }: SearchPlan): readonly SearchMatch[] {
  const page = found.slice(0, pageSize);
  return search.backward ? page.reverse() : page;
}

/**
 * `self` tells what was understood; `next` goes on after the last match, `previous` back before the first. Where a page is
 * empty, because what it held has gone, `next` of one that was gone back to is the first page.
 */
function linksOf(
  request: FhirRequest,
  search: SearchRequest,
  plan: SearchPlan,
  page: readonly SearchMatch[],
  hasMore: boolean,
): BundleLink[] {
  const { backward, after } = plan.search;
  const link = (relation: string, token: string | undefined): BundleLink => {
    const pairs: Pairs = token === undefined ? [] : [[PAGE, token]];
    return { relation, url: linkUrl(request, [...search.applied, ...pairs]) };
  };
  const [first, last] = [page[0]?.sortValues ?? (backward ? undefined : after), page.at(-1)?.sortValues];
  const hasNext = backward ? true : hasMore;
  const hasPrevious = first !== undefined && (backward ? hasMore : search.page !== undefined);
  return [
    link('self', search.page),
    ...(hasNext ? [link('next', last && plan.nextPage(last))] : []),
    ...(hasPrevious ? [link('previous', plan.previousPage(first))] : []),
  ];
}

/** A search by POST is told as the GET that means the same. */
function linkUrl({ baseUrl, type, compartment, operation, path: asked }: FhirRequest, pairs: Pairs): string {
  const query = queryText(pairs);
  const path =
    operation !== undefined ? `/${asked}` : compartment ? `/${keyText(compartment)}/${type ?? '*'}` : type === undefined ? '' : `/${type}`;
  return `${baseUrl}${path}${query && `?${query}`}`;
}

function entryText(
  { baseUrl }: FhirRequest,
  context: InteractionContext,
  { type, id, raw }: ResourceVersion,
  mode: 'match' | 'include',
  subset: Subset | undefined,
): string {
  const text = subset ? subsetText(context.definitions, raw, subset) : raw;
  return `{"fullUrl":${JSON.stringify(`${baseUrl}/${type}/${id}`)},"resource":${text},"search":{"mode":"${mode}"}}`;
}

const ignoredIssue = (diagnostics: string): Issue => ({ severity: 'warning', code: 'not-supported', diagnostics });

function outcomeEntry(issues: readonly Issue[]): string[] {
  return issues.length === 0 ? [] : [`{"resource":${outcomeText(issues)},"search":{"mode":"outcome"}}`];
}
