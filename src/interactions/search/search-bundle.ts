/**
 * A search from query to Bundle.
 * @see https://hl7.org/fhir/R4/http.html#search
 * @see https://hl7.org/fhir/R4/search.html#return
 */
import type { ScopeLetter } from '../../access/scopes.ts';
import { type Issue, invalidValue, unsupportedMediaType, unsupportedParameter } from '../../model/error.ts';
import type { ResourceVersion } from '../../model/resource.ts';
import { planSearch, type SearchPlan } from '../../search/plan/plan-search.ts';
import type { SearchRequest } from '../../search/request/parse.ts';
import type { SearchMatch } from '../../store/store.ts';
import { type MissingParts, missingParts } from '../answer/missing-parts.ts';
import { outcomeText } from '../answer/outcome.ts';
import { type Subset, subsetOf, subsetText } from '../answer/subset.ts';
import { bundleText } from '../bundle/bundle-text.ts';
import { pageTokensFor } from '../bundle/page-cursor.ts';
import type { InteractionContext, Limits } from '../context.ts';
import { boundedPairs } from '../query-text.ts';
import type { FhirRequest, FhirResponse } from '../request.ts';
import { searchInOrder } from './search-in-order.ts';
import { findIncluded, type Included } from './search-includes.ts';
import { linksOf } from './search-links.ts';
import { namedTimeout } from './search-timeout.ts';
import { totalOf } from './search-total.ts';
import { narrowFor, orderContext, understand } from './understand-search.ts';

type Pairs = FhirRequest['query'];

/** Parameters from the URL and, for POST, from the form. @throws FhirError 415 for a body that is no form, 400 for too many */
function searchPairs({ method, query, body }: FhirRequest, { maxSearchParameters }: Limits): Pairs {
  if (method !== 'POST' || !body) return boundedPairs(query, maxSearchParameters);
  if (body.kind !== 'form') throw unsupportedMediaType('_search takes application/x-www-form-urlencoded');
  return boundedPairs([...query, ...body.pairs], maxSearchParameters);
}

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
