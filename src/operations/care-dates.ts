/** When care was given, for `$everything?start=…&end=…`. */
import { instantPeriod } from '../interactions/history/instant-period.ts';
import type { BoundCondition, SearchExpression } from '../search/expression/expression.ts';
import { and, not, or } from '../search/expression/expression.ts';
import { parameterKey } from '../search/parameters/entry-text.ts';
import type { SearchRegistry } from '../search/parameters/registry.ts';

/** Things and persons: their dates (of birth, of expiry) are not those of care. */
const DATELESS = new Set(['Patient', 'Person', 'RelatedPerson', 'Practitioner', 'PractitionerRole', 'Medication', 'Substance', 'Device']);

/** Date parameters in the order of preference, over all types. */
const PREFERRED = [
  'date',
  'period',
  'effective',
  'effective-time',
  'onset-date',
  'occurrence',
  'authoredon',
  'authored',
  'authored-on',
  'authored-date',
  'created',
  'started',
  'start',
  'recorded',
];

/** The range key of a type's date of care; undefined if it has none. */
function careDateKey(type: string, registry: SearchRegistry): string | undefined {
  if (DATELESS.has(type)) return undefined;
  const code = PREFERRED.find((each) => registry.parameter(type, each)?.type === 'date');
  const stored = code && registry.parameter(type, code)?.storedAs[0]?.code;
  return stored && parameterKey(type, stored);
}

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
