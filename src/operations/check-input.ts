/**
 * What an operation is invoked with, held against its OperationDefinition: a parameter that is misspelt must not be passed
 * over, least of all `dry-run`.
 * @see https://hl7.org/fhir/R4/operations.html#executing
 */
import type { InteractionContext } from '../interactions/context.ts';
import { onlyValue } from '../interactions/query-text.ts';
import type { FhirRequest } from '../interactions/request.ts';
import { parseIncoming } from '../interactions/write/incoming.ts';
import { invalidValue, unsupportedParameter } from '../model/error.ts';
import type { Operation, OperationParameter } from './operation.ts';
import { type ParametersPart, partsOf, textOf } from './parameters.ts';

type Known = ReadonlyMap<string, OperationParameter>;

/** A check of requests for the operation, which gives the request with its body parsed. It throws FhirError 400 and 415. */
export function createInputCheck({
  definition: { code, parameter = [] },
  ownParameters = [],
}: Pick<Operation, 'definition' | 'ownParameters'>): (request: FhirRequest, context: InteractionContext) => FhirRequest {
  const known: Known = new Map(parameter.filter(({ use }) => use === 'in').map((each) => [each.name, each]));
  const takesResource = [...known.values()].some(({ type }) => type === 'Resource');

  function checkName(name: string): void {
    if (!known.has(name) && !ownParameters.includes(name)) throw unsupportedParameter(`$${code} has no parameter "${name}"`, name);
  }

  function checkQuery(query: FhirRequest['query']): void {
    for (const [name, value] of query) {
      checkName(name);
      if (value === '') throw invalidValue(`the parameter "${name}" has no value`, name);
      if (known.get(name)?.max !== '*') onlyValue(query, name);
    }
  }

  function checkPart(part: ParametersPart, index: number): void {
    const place = `Parameters.parameter[${index}]`;
    if (typeof part.name !== 'string') throw invalidValue('a parameter needs a name', `${place}.name`);
    checkName(part.name);
    const isResource = known.get(part.name)?.type === 'Resource';
    if (isResource ? part.resource === undefined : textOf(part) === undefined)
      throw invalidValue(`the parameter "${part.name}" needs ${isResource ? 'a resource' : 'one primitive value'}`, place);
  }

  return (request, context) => {
    if (request.query.length > 0) checkQuery(request.query);
    if (request.body?.kind === 'form') checkQuery(request.body.pairs);
    if (!request.body || request.body.kind === 'form') return request;
    const { type, tree } = parseIncoming(request, context);
    if (type === 'Parameters') partsOf(tree).forEach(checkPart);
    else if (!takesResource) throw invalidValue(`$${code} takes a Parameters resource, not a ${type}`, 'resourceType');
    return { ...request, body: { ...request.body, tree } as FhirRequest['body'] & object };
  };
}
