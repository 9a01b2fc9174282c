/**
 * `_include` and `_revinclude`: what is to come along with the matches.
 * @see https://hl7.org/fhir/R4/search.html#include
 */
import { invalidValue, unsupportedParameter } from '../../model/error.ts';
import type { SearchParameter, SearchRegistry } from '../parameters/registry.ts';
import { referenceParameter } from './join.ts';

export interface Include {
  /** As the client wrote it, for errors: "_include=Observation:subject". */
  readonly text: string;
  /** `forward`: what the resource refers to; `reverse`: what refers to it. */
  readonly direction: 'forward' | 'reverse';
  /** Applied to what was included, too. */
  readonly isIterated: boolean;
  /** The type that holds the reference; undefined: any. */
  readonly source?: string;
  /** The reference parameter; undefined: all of them. */
  readonly code?: string;
  /** The type that the reference leads to; undefined: any. */
  readonly target?: string;
}

const NAME = /^_(rev)?include(?::(iterate|recurse))?$/;

export const isInclude = (name: string) => /^_(?:rev)?include(?::|$)/.test(name);

/** @throws FhirError 400 for an unknown modifier, type or parameter, and for an include that can find nothing */
export function parseInclude(name: string, value: string, types: readonly string[], registry: SearchRegistry): Include {
  const [isKnown, reverse, iterate] = NAME.exec(name) ?? [];
  if (!isKnown) throw unsupportedParameter(`"${name}": the only modifiers are :iterate and :recurse`, name);
  const parsed: Include = {
    text: `${name}=${value}`,
    direction: reverse ? 'reverse' : 'forward',
    isIterated: iterate !== undefined,
    ...partsOf(name, value, registry),
  };
  const isApplied = parsed.isIterated || (parsed.direction === 'forward' ? isFrom(parsed, types) : isAbout(parsed, types, registry));
  if (!isApplied) throw unsupportedParameter(`"${parsed.text}" has nothing to do with ${types.slice(0, 5).join(', ')}; say :iterate`, name);
  return parsed;
}

function partsOf(name: string, value: string, registry: SearchRegistry): Pick<Include, 'source' | 'code' | 'target'> {
  if (value === '*') return {};
  const [source = '', code = '', target, ...more] = value.split(':');
  if (more.length > 0 || code === '' || target === '')
    throw invalidValue(`${name} must be [type]:[parameter], [type]:[parameter]:[target type], [type]:* or *, not "${value}"`, name);
  if (registry.parametersOf(source).length === 0) throw unsupportedParameter(`${name}: "${source}" is no resource type`, name);
  if (code === '*') return { source, ...(target !== undefined && { target }) };
  const { targets } = referenceParameter(source, code, registry, name);
  if (target !== undefined && !targets.includes(target))
    throw unsupportedParameter(`${name}: ${source}.${code} leads to ${targets.join(', ')}, not to "${target}"`, name);
  return { source, code, ...(target !== undefined && { target }) };
}

const isFrom = ({ source }: Include, types: readonly string[]) => source === undefined || types.includes(source);

function isAbout(include: Include, types: readonly string[], registry: SearchRegistry): boolean {
  if (include.source === undefined) return true;
  return includeParameters(include, include.source, registry).some(({ targets }) => targets.some((type) => leadsTo(include, type, types)));
}

const leadsTo = ({ target }: Include, type: string, types: readonly string[]) =>
  types.includes(type) && (target === undefined || target === type);

/** The parameters of `type` that the include follows; none if it starts from another type. */
export function includeParameters(include: Include, type: string, registry: SearchRegistry): readonly SearchParameter[] {
  if (include.source !== undefined && include.source !== type) return [];
  return registry
    .parametersOf(type)
    .filter((parameter) => parameter.type === 'reference' && parameter.elementTypes.includes('Reference'))
    .filter(({ code }) => include.code === undefined || include.code === code);
}
