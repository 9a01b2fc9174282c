/** What a search asks for within what the caller may find: the request, its compartment and its chains as one condition. */
import { narrowAll } from '../../access/decision.ts';
import type { ScopeLetter } from '../../access/scopes.ts';
import { invalidValue } from '../../model/error.ts';
import { keyText } from '../../model/resource.ts';
import { and } from '../../search/expression/expression.ts';
import type { Narrow } from '../../search/plan/apply-access.ts';
import { resolveChains } from '../../search/plan/plan-search.ts';
import { withNamedInFilters } from '../../search/request/filter.ts';
import { parseSearch, type SearchRequest } from '../../search/request/parse.ts';
import { asksForVocabulary } from '../../terminology/vocabulary.ts';
import type { InteractionContext } from '../context.ts';
import type { FhirRequest } from '../request.ts';
import { inCompartment } from './search-compartment.ts';
import type { OrderContext } from './search-in-order.ts';
import { listMembers } from './search-lists.ts';

/** What the caller may find of a type; where more than finding is asked for, what all of the letters reach. */
export const narrowFor =
  ({ access }: FhirRequest, letters: readonly ScopeLetter[] = ['s']): Narrow =>
  (type) =>
    narrowAll(access, type, letters);

/** @throws FhirError 400 for what is not understood, 403 for a chain into what the caller may not search */
export async function understand(
  request: FhirRequest,
  context: InteractionContext,
  pairs: FhirRequest['query'],
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
