/**
 * What an operation was invoked with: URL parameters, a Parameters resource, or one resource alone.
 * @see https://hl7.org/fhir/R4/operations.html#executing
 */
import type { InteractionContext } from '../interactions/context.ts';
import { boundedPairs, onlyValue } from '../interactions/query-text.ts';
import type { FhirRequest } from '../interactions/request.ts';
import { parseIncoming } from '../interactions/write/incoming.ts';
import { invalidValue } from '../model/error.ts';

export interface OperationInput {
  /** The value of a primitive parameter as text. */
  value(name: string): string | undefined;
  /** All values of a primitive parameter that may be repeated; those between commas apart. */
  values(name: string): readonly string[];
  /** The resource of a parameter. */
  resource(name: string): Readonly<Record<string, unknown>> | undefined;
}

export interface ParametersPart {
  readonly name?: string;
  readonly resource?: Record<string, unknown>;
  readonly [value: `value${string}`]: unknown;
}

/**
 * @param bare the parameter that a body stands for that is not a Parameters resource
 * @throws FhirError 400 for a body that is no resource, 415 for one that is not FHIR
 */
export function readInput(request: FhirRequest, context: InteractionContext, bare: string): OperationInput {
  const inUrl = (name: string) => onlyValue(request.query, name);
  const allInUrl = (name: string) => separate(request.query.flatMap(([each, value]) => (each === name ? [value] : [])));
  const ofUrl = { value: inUrl, values: allInUrl };
  if (!request.body) return { ...ofUrl, resource: () => undefined };
  const { type, tree } = parseIncoming(request, context);
  if (type !== 'Parameters') return { ...ofUrl, resource: (name) => (name === bare ? tree : undefined) };
  const parts = partsOf(tree);
  const part = (name: string) => onlyPart(parts, name);
  return {
    value: (name) => textOf(part(name)) ?? inUrl(name),
    values: (name) => [...separate(parts.flatMap((each) => (each.name === name ? (textOf(each) ?? []) : []))), ...allInUrl(name)],
    resource: (name) => part(name)?.resource,
  };
}

/** @throws FhirError 400 if the parameter is given twice */
function onlyPart(parts: readonly ParametersPart[], name: string): ParametersPart | undefined {
  const [first, second] = parts.filter((each) => each.name === name);
  if (second) throw invalidValue(`the parameter "${name}" is given twice`, `Parameters.parameter.where(name='${name}')`);
  return first;
}

const separate = (values: readonly string[]) => values.flatMap((value) => value.split(',')).filter((value) => value !== '');

export function partsOf({ parameter = [] }: Readonly<Record<string, unknown>>): readonly ParametersPart[] {
  const isList = Array.isArray(parameter) && parameter.every((part) => typeof part === 'object' && part !== null);
  if (!isList) throw invalidValue('Parameters.parameter must be a list of parts', 'Parameters.parameter');
  return parameter as ParametersPart[];
}

/** The one primitive value of a part as text; undefined if it has none, or several. */
export function textOf(part: ParametersPart | undefined): string | undefined {
  const [name, another] = Object.keys(part ?? {}).filter((key) => key.startsWith('value'));
  const value = another === undefined ? part?.[name as `value${string}`] : undefined;
  return value === undefined || typeof value === 'object' ? undefined : String(value);
}

/**
 * All primitive parameters as pairs, those of the URL first: from the URL, a form, or a Parameters resource.
 * @throws FhirError 400 for a parameter that is no primitive value, 415 for a body of another kind
 */
export function readPairs(request: FhirRequest, context: InteractionContext): FhirRequest['query'] {
  const { body, query } = request;
  const most = context.limits.maxSearchParameters;
  if (!body) return boundedPairs(query, most);
  if (body.kind === 'form') return boundedPairs([...query, ...body.pairs], most);
  const { type, tree } = parseIncoming(request, context);
  if (type !== 'Parameters') throw invalidValue(`a Parameters resource is expected, not a ${type}`, 'resourceType');
  return boundedPairs([...query, ...partsOf(tree).map(pairOf)], most);
}

function pairOf(part: ParametersPart): readonly [string, string] {
  const text = textOf(part);
  if (typeof part.name !== 'string' || text === undefined)
    throw invalidValue('each parameter needs a name and a primitive value', 'Parameters.parameter');
  return [part.name, text];
}
