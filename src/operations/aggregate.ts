/**
 * `[type]/$aggregate`: counts and sums of what a search finds, group by group, worked out in the databases. Every other
 * parameter is one of the search, which is narrowed to what the caller may find as any search is.
 */
import definition from '../../fhir/definitions/Resource-aggregate.json' with { type: 'json' };
import { pageTokensFor } from '../interactions/bundle/page-cursor.ts';
import type { InteractionContext } from '../interactions/context.ts';
import type { FhirRequest } from '../interactions/request.ts';
import { narrowFor, understand } from '../interactions/search/understand-search.ts';
import { tooCostly, unsupportedParameter } from '../model/error.ts';
import { planSearch } from '../search/plan/plan-search.ts';
import { isControl } from '../search/request/controls.ts';
import { isInclude } from '../search/request/include.ts';
import { readAggregateOrder } from './aggregate/order.ts';
import { aggregateParts } from './aggregate/parts.ts';
import { parametersAnswer } from './answer.ts';
import { defineOperation } from './operation.ts';
import { readPairs } from './parameters.ts';

/** Rows of an answer: groups, times the units in each. */
const MOST_ROWS = 1_000;

export const aggregate = defineOperation({
  definition,
  affectsState: false,
  takesSearch: true,
  authorise: (access, { type = '*' }) => access.require(type, 'search-type'),
  handle: async (request, context) => {
    const { type = '' } = request;
    const { order, criteria } = readAggregateOrder(readPairs(request, context), type, context.search.registry);
    const rows = await context.store.aggregate({
      ...(await planned(request, context, criteria, type)),
      groups: order.groups.map(({ key }) => key),
      ...(order.measure !== undefined && { measure: order.measure }),
      limit: MOST_ROWS + 1,
    });
    if (rows.length > MOST_ROWS)
      throw tooCostly(`the answer would have more than ${MOST_ROWS} groups; narrow the search, or group by something coarser`, 'group');
    return parametersAnswer(aggregateParts(order, rows));
  },
});

/** What to look at, within what the caller may find. Strict: a criterion that is left out would make another number. */
async function planned(request: FhirRequest, context: InteractionContext, criteria: FhirRequest['query'], type: string) {
  const control = criteria.find(([name]) => isControl(name) || isInclude(name) || name === '_type' || name === '_explain');
  if (control) throw unsupportedParameter(`$aggregate has no parameter "${control[0]}"`, control[0]);
  const strict: FhirRequest = { ...request, prefer: { ...request.prefer, handling: 'strict' } };
  const search = await understand(strict, context, criteria, [type]);
  const plan = planSearch(search, {
    registry: context.search.registry,
    narrow: narrowFor(request),
    pageTokens: pageTokensFor(request, context),
  });
  return plan.search;
}
