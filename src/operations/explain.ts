/** `$explain`: what the databases do for a search. For administrators: plans tell of what is stored. */
import definition from '../../fhir/definitions/Resource-explain.json' with { type: 'json' };
import { pageTokensFor } from '../interactions/bundle/page-cursor.ts';
import type { InteractionContext } from '../interactions/context.ts';
import { boundedPairs } from '../interactions/query-text.ts';
import type { FhirRequest } from '../interactions/request.ts';
import { isChainedOrder, searchInOrder } from '../interactions/search/search-in-order.ts';
import { narrowFor, orderContext, understand } from '../interactions/search/understand-search.ts';
import { unsupportedParameter } from '../model/error.ts';
import { printExpression } from '../search/expression/print.ts';
import type { StoreCollect, StoreSearch } from '../search/expression/search.ts';
import type { Authorized } from '../search/plan/authorized.ts';
import { planSearch } from '../search/plan/plan-search.ts';
import type { PartExplanation, StageExplanation } from '../store/explain.ts';
import { group, type Part, parametersAnswer, part } from './answer.ts';
import { defineOperation } from './operation.ts';

export const explain = defineOperation({
  definition,
  affectsState: false,
  takesSearch: true,
  authorise: (access, { type }) => {
    access.requireOperation('explain', 'r');
    access.require(type ?? '*', type === undefined ? 'search-system' : 'search-type');
  },
  handle: async (request, context) => {
    if (request.body) throw unsupportedParameter('$explain takes the search in the URL');
    const hops: Part[] = [];
    const watched = watchedContext(context, hops);
    const types = request.type === undefined ? context.definitions.resourceTypes : [request.type];
    const search = await understand(request, watched, boundedPairs(request.query, context.limits.maxSearchParameters), types);
    const plan = planSearch(search, {
      registry: context.search.registry,
      narrow: narrowFor(request),
      pageTokens: pageTokensFor(request, context),
    });
    const stages = await explainInOrder(plan.search, request, context);
    const { where, patient, sort } = plan.search;
    return parametersAnswer([
      part('condition', shortened(printExpression(where))),
      part('patient', patient),
      part('sort', sort.map(({ parameter, descending }) => `${descending ? '-' : ''}${parameter}`).join(',')),
      ...hops,
      ...stages.map(stagePart),
    ]);
  },
});

/** How the search is run; in an order by chains also those that find what decides it. */
async function explainInOrder(search: Authorized<StoreSearch>, request: FhirRequest, context: InteractionContext) {
  if (!isChainedOrder(search)) return context.store.explain(search);
  const stages: StageExplanation[] = [];
  const explained = async (one: Authorized<StoreSearch>) => {
    stages.push(...(await context.store.explain(one)));
    return context.store.search(one);
  };
  await searchInOrder(search, { ...orderContext(request, context), search: explained });
  return stages;
}

/** The context with a store whose joins are written down. */
function watchedContext(context: InteractionContext, hops: Part[]): InteractionContext {
  const collect = async (request: Authorized<StoreCollect>) => {
    const startedAt = performance.now();
    const found = await context.store.collect(request);
    hops.push(
      group('hop', [
        part('types', request.types.join(', ')),
        part('condition', shortened(printExpression(request.where))),
        part('found', found.length),
        part('milliseconds', rounded(performance.now() - startedAt)),
      ]),
    );
    return found;
  };
  return { ...context, store: { ...context.store, collect } };
}

/** Ten thousand ids tell no more than the first few. */
const LONGEST = 2_000;
const shortened = (text: string) => (text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text);

const rounded = (ms: number) => Math.round(ms * 1_000) / 1_000;

function stagePart({ store, types, parts, milliseconds }: StageExplanation): Part {
  return group('stage', [
    part('store', store),
    part('types', types.join(', ')),
    part('milliseconds', milliseconds === undefined ? undefined : rounded(milliseconds)),
    ...parts.map(partPart),
  ]);
}

function partPart(each: PartExplanation): Part {
  return group('part', [
    part('shard', each.shard),
    part('nodes', each.nodes.join(', ')),
    part('indexes', each.indexes.join(', ')),
    part('relations', each.relations?.join(', ')),
    part('relationsPruned', each.relationsPruned),
    part('keysExamined', each.keysExamined),
    part('documentsExamined', each.documentsExamined),
    part('blocks', each.blocks),
    part('returned', each.returned),
  ]);
}
