/** When care was given, for `$everything?start=…&end=…`. */
import { instantPeriod } from '../interactions/history/instant-period.ts';
import type { BoundCondition, SearchExpression } from '../search/expression/expression.ts';
import { and, not, or } from '../search/expression/expression.ts';
import { careDateKey } from '../search/parameters/care-date.ts';
import type { SearchRegistry } from '../search/parameters/registry.ts';

/**
 * Care that overlaps the period; what has no such date is in it. Undefined if neither end is given.
 * @throws FhirError 400 naming `start` or `end`
 */
export function careWithin(
  start: string | undefined,
  end: string | undefined,
  types: readonly string[],
  registry: SearchRegistry,
): SearchExpression | undefined {
  const conditions: BoundCondition[] = [
    ...(start === undefined ? [] : [{ bound: 'hi', op: 'ge', value: instantPeriod(start, 'start').from } as const]),
    ...(end === undefined ? [] : [{ bound: 'lo', op: 'le', value: instantPeriod(end, 'end').to } as const]),
  ];
  if (conditions.length === 0) return undefined;
  const keys = types.flatMap((type) => careDateKey(type, registry) ?? []);
  return and(keys.map((key) => or([{ kind: 'range', key, conditions }, not({ kind: 'range', key, conditions: [] })])));
}
