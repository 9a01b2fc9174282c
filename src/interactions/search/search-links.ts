/** Links of a page of matches. @see https://hl7.org/fhir/R4/http.html#paging */
import { keyText } from '../../model/resource.ts';
import type { SearchPlan } from '../../search/plan/plan-search.ts';
import type { SearchRequest } from '../../search/request/parse.ts';
import type { SearchMatch } from '../../store/store.ts';
import type { BundleLink } from '../bundle/bundle-text.ts';
import { PAGE } from '../bundle/page-cursor.ts';
import { queryText } from '../query-text.ts';
import type { FhirRequest } from '../request.ts';

type Pairs = FhirRequest['query'];

/**
 * `self` tells what was understood; `next` goes on after the last match, `previous` back before the first. Where a page is
 * empty, because what it held has gone, `next` of one that was gone back to is the first page.
 */
export function linksOf(
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
