/** Composite parameters: `code-value-quantity=8480-6$gt140`. @see https://hl7.org/fhir/R4/search.html#composite */
import { invalidValue } from '../../model/error.ts';
import type { BoundCondition, SearchExpression } from '../expression/expression.ts';
import { and, or } from '../expression/expression.ts';
import type { CompositeComponent, CompositeWay } from '../parameters/composite.ts';
import { compositeKey, hasSystem, isNarrowing, parameterKey } from '../parameters/entry-text.ts';
import type { SearchParameter } from '../parameters/registry.ts';
import { splitValue, unescapeValue } from '../request/values.ts';
import type { CriterionValue } from './criterion.ts';
import { parseNumberTest } from './number.ts';

type Express = (value: CriterionValue) => SearchExpression;

/** A part as a parameter whose entries have these keys. */
function partParameter({ code, type, targets, paths }: CompositeComponent, on: string, storedAs: string): SearchParameter {
  const elementTypes = [...new Set(paths.map((path) => path.type))];
  return { on, code, type, url: '', targets, paths, elementTypes, storedAs: [{ code: storedAs }], hasSystem: elementTypes.some(hasSystem) };
}

const withPart = (value: CriterionValue, parameter: SearchParameter, raw: string): CriterionValue => {
  return { ...value, parameter, raw, text: unescapeValue(raw) };
};

/** The tokens that the first part may be, in the form that keys hold. */
function tokensOf(expression: SearchExpression, key: string, { name, raw }: CriterionValue): string[] {
  if (expression.kind === 'equals') return [expression.entry.slice(key.length)];
  if (expression.kind === 'or') return expression.of.flatMap((part) => tokensOf(part, key, { name, raw } as CriterionValue));
  if (expression.kind === 'nothing') return [];
  // Of a code and its system, or of any code and a system, the one that says more; the start of a system's entries is a token too.
  const narrowest =
    expression.kind === 'and' ? expression.of.flatMap((part) => ('entry' in part && isNarrowing(part.entry) ? part.entry : [])) : [];
  if (narrowest.length > 0) return narrowest.map((entry) => entry.slice(key.length));
  throw invalidValue(`${name}: the first part of "${raw}" must be a code, [system]|[code], [system]| or |[code]`, name);
}

type Way<K extends CompositeWay['kind']> = Extract<CompositeWay, { kind: K }>;

function onElement(way: Way<'element'>, parts: readonly string[], value: CriterionValue, express: Express) {
  const { storedAs, token: anywhere, components } = way;
  const [first, second] = components;
  const { on } = value.parameter;
  if (!first || !second) return or([]);
  const key = parameterKey(on, storedAs);
  const tokens = tokensOf(express(withPart(value, partParameter(first, on, storedAs), parts[0] ?? '')), key, value);
  const together = or(
    tokens.map((token) => express(withPart(value, partParameter(second, on, compositeKey(storedAs, token)), parts[1] ?? ''))),
  );
  // Entries of composites have no index in MongoDB; those of the token alone have.
  const indexed = anywhere === undefined ? undefined : value.context.registry.parameter(on, anywhere);
  return indexed ? and([express(withPart(value, indexed, parts[0] ?? '')), together]) : together;
}

/** A number is a point: either bound of its test is the one end of the span that it is. */
const onEnd = (conditions: readonly BoundCondition[], bound: 'lo' | 'hi') => conditions.map((each): BoundCondition => ({ ...each, bound }));

function onSpan({ storedAs, shared }: Way<'span'>, parts: readonly string[], value: CriterionValue, express: Express): SearchExpression {
  const { parameter, name, context } = value;
  const token = context.registry.parameter(parameter.on, shared);
  const [lo = [], hi = []] = parts.slice(1).map((part) => parseNumberTest(unescapeValue(part), name));
  const key = parameterKey(parameter.on, storedAs);
  const spans = lo.flatMap((from) =>
    hi.map((to): SearchExpression => ({ kind: 'range', key, conditions: [...onEnd(from, 'lo'), ...onEnd(to, 'hi')] })),
  );
  return token ? and([express(withPart(value, token, parts[0] ?? '')), or(spans)]) : or([]);
}

function onSingles({ codes }: Way<'single'>, parts: readonly string[], value: CriterionValue, express: Express): SearchExpression {
  const parameters = codes.flatMap((code) => value.context.registry.parameter(value.parameter.on, code) ?? []);
  return and(parameters.map((parameter, at) => express(withPart(value, parameter, parts[at] ?? ''))));
}

/** Parts of a composite: as many as the components of each of its ways. */
const sizeOf = (way: CompositeWay) =>
  way.kind === 'single' ? way.codes.length : way.kind === 'element' ? way.components.length : way.ends.length + 1;

/**
 * All parts in one element. `express` gives the meaning of a part by its own type.
 * @throws FhirError 400 for the wrong number of parts, or a part that is wrong
 */
export function compositeExpression(value: CriterionValue, express: Express): SearchExpression {
  const { parameter, raw, name } = value;
  const ways = parameter.ways ?? [];
  const parts = splitValue(raw, '$');
  const size = ways[0] ? sizeOf(ways[0]) : 0;
  if (parts.length !== size || parts.includes('')) throw invalidValue(`${name}: "${raw}" must have ${size} parts, joined by $`, name);
  return or(
    ways.map((way) => {
      if (way.kind === 'single') return onSingles(way, parts, value, express);
      return way.kind === 'element' ? onElement(way, parts, value, express) : onSpan(way, parts, value, express);
    }),
  );
}
