/** What an aggregate is asked for: `group=status,date:month&sum=total`. */
import type { FhirRequest } from '../../interactions/request.ts';
import { invalidValue, unsupportedParameter } from '../../model/error.ts';
import type { GroupKey, TimeUnit } from '../../search/expression/search.ts';
import { isSearchable } from '../../search/param-types/criterion.ts';
import { GROUPED_TYPES, groupEntries } from '../../search/parameters/group-starts.ts';
import type { SearchParameter, SearchRegistry } from '../../search/parameters/registry.ts';
import { isSortable } from '../../search/request/sort.ts';

type Pairs = FhirRequest['query'];

const FUNCTIONS = ['sum', 'avg', 'min', 'max'] as const;
export type AmountFunction = (typeof FUNCTIONS)[number];

interface Grouping {
  /** As asked for: "date:month". */
  readonly name: string;
  readonly key: GroupKey;
  readonly label: (text: string) => string;
}

export interface AggregateOrder {
  readonly groups: readonly Grouping[];
  /** The code under which the amounts are kept. */
  readonly measure?: string;
  readonly functions: readonly AmountFunction[];
}

const MOST_GROUPS = 3;
const UNITS: readonly string[] = ['year', 'month', 'week', 'day'] satisfies TimeUnit[];

/** The order, and the pairs that are criteria of the search. @throws FhirError 400 that lists what is allowed */
export function readAggregateOrder(
  pairs: Pairs,
  type: string,
  registry: SearchRegistry,
): { readonly order: AggregateOrder; readonly criteria: Pairs } {
  const names = pairs.flatMap(([name, value]) => (name === 'group' ? value.split(',') : []));
  if (names.length > MOST_GROUPS)
    throw invalidValue(`$aggregate groups by ${MOST_GROUPS} parameters at most, not ${names.length}`, 'group');
  const groups = names.map((name) => groupingOf(name, type, registry));
  const functions = FUNCTIONS.filter((each) => pairs.some(([name]) => name === each));
  const measured = new Set(pairs.filter(([name]) => isFunction(name)).map(([, value]) => value));
  if (measured.size > 1)
    throw invalidValue(`sum, avg, min and max are of one parameter, not of ${[...measured].join(' and ')}`, functions[0]);
  const [code] = measured;
  const measure = code === undefined ? undefined : measureOf(code, type, registry, functions[0] ?? 'sum');
  return {
    order: { groups, functions, ...(measure !== undefined && { measure }) },
    criteria: pairs.filter(([name]) => name !== 'group' && !isFunction(name)),
  };
}

const isFunction = (name: string) => (FUNCTIONS as readonly string[]).includes(name);

function groupingOf(name: string, type: string, registry: SearchRegistry): Grouping {
  const bar = name.indexOf('|');
  const [start, system] = bar < 0 ? [name, undefined] : [name.slice(0, bar), name.slice(bar + 1)];
  const [code = '', unit] = start.split(':', 2);
  if (code === '_lastUpdated') return timeGrouping(name, code, unit);
  const parameter = registry.parameter(type, code);
  if (!parameter || !isSearchable(parameter)) throw cannotGroup(name, type, registry);
  if (parameter.type === 'date') return timeGrouping(name, scalarCode(parameter), unit);
  if (registry.identifiers.isHidden && parameter.elementTypes.includes('Identifier'))
    throw unsupportedParameter(`group: identifiers are encrypted here, so that "${name}" can't be grouped by`, 'group');
  const entries = unit === undefined && (system === undefined || parameter.hasSystem) ? groupEntries(parameter, system) : undefined;
  if (!entries) throw cannotGroup(name, type, registry);
  return { name, key: { kind: 'entry', starts: entries.starts }, label: entries.label };
}

function timeGrouping(name: string, parameter: string | undefined, unit: string | undefined): Grouping {
  if (parameter === undefined) throw unsupportedParameter(`group: the dates of "${name}" have no order to group by`, 'group');
  if (unit === undefined || !UNITS.includes(unit))
    throw invalidValue(`group: a date needs a unit, "${name.split(':')[0]}:month"; allowed: ${UNITS.join(', ')}`, 'group');
  return { name, key: { kind: 'time', parameter, unit: unit as TimeUnit }, label: (text) => text };
}

/** Under which code the scalars are kept; undefined if none are. */
const scalarCode = (parameter: SearchParameter) => (isSortable(parameter) ? parameter.storedAs[0]?.code : undefined);

function cannotGroup(name: string, type: string, registry: SearchRegistry) {
  const allowed = registry.parametersOf(type).flatMap((each) => {
    if (!isSearchable(each) || each.code === '_id' || each.code === '_lastUpdated') return [];
    if (each.type === 'date') return scalarCode(each) === undefined ? [] : [`${each.code}:month`];
    return GROUPED_TYPES.includes(each.type) ? [each.code] : [];
  });
  const list = [...allowed, '_lastUpdated:month'].sort().join(', ');
  return unsupportedParameter(`group: can't group ${type} by "${name}"; allowed: ${list}`, 'group');
}

function measureOf(code: string, type: string, registry: SearchRegistry, name: AmountFunction): string {
  const isAmount = (each: SearchParameter) => (each.type === 'quantity' || each.type === 'number') && scalarCode(each) !== undefined;
  const parameter = registry.parameter(type, code);
  const stored = parameter && isAmount(parameter) ? scalarCode(parameter) : undefined;
  if (stored !== undefined) return stored;
  const allowed = registry.parametersOf(type).filter(isAmount);
  const list = allowed.length > 0 ? allowed.map((each) => each.code).join(', ') : 'none';
  throw unsupportedParameter(`${name}: "${code}" is no number or quantity parameter of ${type}; allowed: ${list}`, name);
}
