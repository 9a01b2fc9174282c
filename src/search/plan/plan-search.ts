/**
 * From a request to what a store is asked. Passes, in order: simplify (done when the request was parsed), apply-access,
 * resolve-chains (the one that asks stores: `resolveChains`), route, stable-sort.
 */
import { hash } from 'node:crypto';
import { invalidValue } from '../../model/error.ts';
import type { SearchMatch, SortKey, StoreSearch } from '../expression/search.ts';
import type { SearchRegistry } from '../parameters/registry.ts';
import { isControl } from '../request/controls.ts';
import type { SearchRequest } from '../request/parse.ts';
import type { Narrow } from './apply-access.ts';
import { applyAccess } from './apply-access.ts';
import type { Authorized } from './authorized.ts';
import type { PageTokens } from './page-token.ts';
import type { ChainContext } from './resolve-chains.ts';
import { checkAccess, resolveCriteria } from './resolve-chains.ts';
import { patientNamedBy } from './route.ts';
import { stableSort } from './stable-sort.ts';

export interface PlanContext {
  readonly registry: SearchRegistry;
  readonly narrow: Narrow;
  readonly pageTokens: PageTokens;
}

export interface SearchPlan {
  /** To be run by `interactions/search-in-order`. `limit` is one more than the page, which tells whether there is a next one. */
  readonly search: Authorized<StoreSearch>;
  /** Matches of the page; 0 asks for the count only, and `search` is then not to be run. */
  readonly pageSize: number;
  /** The token of the page after a match, the last of its page, with these sort values. */
  nextPage(last: SearchMatch['sortValues']): string;
  /** The token of the page before a match, the first of its page. */
  previousPage(first: SearchMatch['sortValues']): string;
}

interface PageContent {
  /** Of which search it is a page. */
  readonly of: string;
  readonly after: readonly (number | string | null)[];
  /** Backward from there. */
  readonly back?: true;
}

/**
 * Which search a page belongs to: types, criteria as written, order. Not the condition made of them: `ap` depends on the time
 * of day, and what the caller may see may change between two pages.
 */
function fingerprint({ types, applied, within }: SearchRequest, sort: readonly SortKey[]): string {
  const criteria = applied.filter(([name]) => !isControl(name));
  const order = sort.map(({ parameter, descending }) => ({ parameter, descending }));
  return hash('sha1', JSON.stringify([types, criteria, order, within]), 'base64url');
}

function openPage(token: string, of: string, pageTokens: PageTokens): PageContent {
  const content = pageTokens.open(token) as Partial<PageContent>;
  if (content.of !== of || !content.after) throw invalidValue('the page token belongs to another search', '_page');
  return content as PageContent;
}

/** The request without chains and `_has`: conditions on the types searched stand for them. @throws FhirError 403, 422 `too-costly` */
export async function resolveChains(request: SearchRequest, context: ChainContext): Promise<SearchRequest> {
  if (request.joins.length === 0) return request;
  checkAccess(request.joins, context);
  const { types, where } = applyAccess({ types: request.types, where: request.where }, context.narrow);
  return { ...request, where: await resolveCriteria({ where, joins: request.joins }, types, where, context), joins: [] };
}

/**
 * The plan of a request whose chains are resolved.
 * @throws FhirError 400 for a page token that is forged or of another search
 */
export function planSearch(request: SearchRequest, context: PlanContext): SearchPlan {
  if (request.joins.length > 0) throw new Error('chains are to be resolved before a search is planned');
  const sort = stableSort(request.sort);
  const { types, where, count } = request;
  const search = applyAccess<StoreSearch>({ types, where, sort, limit: count + 1 }, context.narrow);
  const patient = patientNamedBy(search.where, search.types, context.registry);
  const page = request.page === undefined ? undefined : openPage(request.page, fingerprint(request, sort), context.pageTokens);
  const from = page && { after: page.after, ...(page.back && { backward: true as const }) };
  // Most answers are one page, and name no other.
  const seal = (content: Omit<PageContent, 'of'>) => context.pageTokens.seal({ of: fingerprint(request, sort), ...content });
  return {
    search: { ...search, ...from, ...(patient && { patient }) },
    pageSize: request.count,
    nextPage: (after) => seal({ after }),
    previousPage: (after) => seal({ after, back: true }),
  };
}
