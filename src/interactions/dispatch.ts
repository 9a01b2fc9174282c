/** The table of interactions, and the one door to them: access is asked for here, for HTTP and Bundle entries alike. */
import type { InteractionCode } from '../access/decision.ts';
import { notFound } from '../model/error.ts';
import { batch } from './batch.ts';
import { capabilities } from './capabilities.ts';
import type { InteractionContext, RoutableOperation } from './context.ts';
import { create } from './create.ts';
import { deleteResource } from './delete.ts';
import { historyInstance } from './history-instance.ts';
import { historySystem } from './history-system.ts';
import { historyType } from './history-type.ts';
import { patch } from './patch.ts';
import { read } from './read.ts';
import type { FhirRequest, FhirResponse, Handler } from './request.ts';
import { searchSystem } from './search-system.ts';
import { searchType } from './search-type.ts';
import { transaction } from './transaction.ts';
import { update } from './update.ts';
import { vread } from './vread.ts';

const HANDLERS: Readonly<Record<InteractionCode, Handler<InteractionContext>>> = {
  read,
  vread,
  update,
  patch,
  delete: deleteResource,
  create,
  'history-instance': historyInstance,
  'history-type': historyType,
  'history-system': historySystem,
  'search-type': searchType,
  'search-system': searchSystem,
  capabilities,
  batch,
  transaction,
};

/**
 * Answers a request.
 * @throws FhirError for every answer that is an error, 403 when the scopes don't allow it
 */
export async function dispatch(request: FhirRequest, context: InteractionContext): Promise<FhirResponse> {
  const { interaction } = request;
  if (interaction !== 'operation') {
    request.access.require(request.type ?? '*', interaction);
    return HANDLERS[interaction](request, context);
  }
  const operation = operationOf(request, context);
  if (!operation) throw notFound(`no operation $${request.operation} here`);
  return operation.handle(request, context);
}

/** The operation that a route or request names, at its level. */
export function operationOf(
  { type, id, operation }: Pick<FhirRequest, 'type' | 'id' | 'operation'>,
  { findOperation }: Pick<InteractionContext, 'findOperation'>,
): RoutableOperation | undefined {
  const level = id !== undefined ? 'instance' : type !== undefined ? 'type' : 'system';
  return findOperation(operation as string, level, type);
}
