/** Puts services and operations together to what the handlers get. */
import { guardStore } from '../access/guarded-store.ts';
import { capabilityStatement } from './capability-statement.ts';
import type { DescribedOperation, InteractionContext, InteractionServices, OperationLookup } from './context.ts';
import { dispatch } from './dispatch.ts';

/** Called once, by the composition root. `findOperation` and `operations` come from `operations/registry`. */
export function assembleContext(
  services: InteractionServices,
  operations: readonly DescribedOperation[],
  findOperation: OperationLookup,
): InteractionContext {
  const context: InteractionContext = {
    ...services,
    store: guardStore(services.store, {
      indexer: services.indexer,
      definitions: services.definitions,
      types: services.definitions.resourceTypes,
      baseUrl: services.search.baseUrl,
    }),
    findOperation,
    dispatch: (request) => dispatch(request, context),
    capabilities: capabilityStatement(services, operations),
  };
  return context;
}
