/** Puts services and operations together to what the handlers get. */
import { guardStore } from '../access/guarded-store.ts';
import { loadTerminology } from '../definitions/load.ts';
import { createVocabulary } from '../terminology/vocabulary.ts';
import { capabilityStatement } from './capability-statement.ts';
import type { DescribedOperation, InteractionContext, InteractionServices, OperationLookup } from './context.ts';
import { dispatch } from './dispatch.ts';

/** Called once, by the composition root. `findOperation` and `operations` come from `operations/registry`. */
export function assembleContext(
  services: InteractionServices,
  operations: readonly DescribedOperation[],
  findOperation: OperationLookup,
): InteractionContext {
  const store = guardStore(services.store, {
    indexer: services.indexer,
    definitions: services.definitions,
    types: services.definitions.resourceTypes,
    baseUrl: services.search.baseUrl,
  });
  const context: InteractionContext = {
    ...services,
    store,
    findVocabulary: createVocabulary({
      search: store.search,
      registry: services.search.registry,
      loadPublished: loadTerminology,
      now: services.now,
    }),
    findOperation,
    dispatch: (request) => dispatch(request, context),
    capabilities: capabilityStatement(services, operations),
  };
  return context;
}
