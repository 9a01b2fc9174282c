/** All operations of the server, found by name and level. Routes and the CapabilityStatement derive from it. */
import type { DescribedOperation, OperationLookup, RoutableOperation } from '../interactions/context.ts';
import { createInputCheck } from './check-input.ts';
import { isOffered, type Operation } from './operation.ts';

interface OperationRegistry {
  readonly find: OperationLookup;
  readonly described: readonly DescribedOperation[];
}

/** @throws Error if two operations have one name on one type and level */
export function createOperationRegistry(operations: readonly Operation[]): OperationRegistry {
  const routable = new Map<Operation, RoutableOperation>(operations.map((operation) => [operation, routableOf(operation)]));
  const byName = Map.groupBy(operations, ({ definition }) => definition.code);
  checkNames(operations);
  return {
    find: (name, level, type) => {
      const operation = byName.get(name)?.find((each) => isOffered(each, level, type));
      return operation && routable.get(operation);
    },
    described: operations.map(({ definition }) => ({
      name: definition.code,
      definition: definition.url,
      types: definition.type || definition.instance ? (definition.resource ?? []) : [],
      isSystem: definition.system,
    })),
  };
}

function routableOf(operation: Operation): RoutableOperation {
  const { definition, affectsState, methods, isAdministrative = false, takesSearch, authorise, handle } = operation;
  const checked = takesSearch ? undefined : createInputCheck(operation);
  return {
    name: definition.code,
    methods: methods ?? (affectsState ? ['POST'] : ['HEAD', 'GET', 'POST']),
    isAdministrative,
    isReading: !affectsState,
    handle: async (request, context) => {
      authorise(request.access, request);
      return handle(checked ? checked(request, context) : request, context);
    },
  };
}

function checkNames(operations: readonly Operation[]): void {
  const urls = operations.map(({ definition }) => definition.url);
  const twice = urls.find((url, index) => urls.indexOf(url) !== index);
  if (twice) throw new Error(`two operations are defined by ${twice}`);
}
