/** Puts services and operations together to what the handlers get. */
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
    findOperation,
    dispatch: (request) => dispatch(request, context),
    capabilities: capabilityStatement(services, operations),
  };
  return context;
}
