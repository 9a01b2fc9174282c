/** Which parameter of a type says when care was given: for `$everything` by time, and consents by the time of the data. */
import { DATELESS } from './clinical-date.ts';
import { parameterKey } from './entry-text.ts';
import type { SearchRegistry } from './registry.ts';

/** True for persons and things. */
export const isDateless = (type: string): boolean => DATELESS.has(type);

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

/** The range key of a type's date of care; undefined if it has none that searches know. */
export function careDateKey(type: string, registry: SearchRegistry): string | undefined {
  if (DATELESS.has(type)) return undefined;
  const code = PREFERRED.find((each) => registry.parameter(type, each)?.type === 'date');
  const stored = code && registry.parameter(type, code)?.storedAs[0]?.code;
  return stored && parameterKey(type, stored);
}
