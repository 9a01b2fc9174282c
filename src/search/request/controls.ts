/** Parameters that say how to answer, not what to look for. @see https://hl7.org/fhir/R4/search.html#result */
import { invalidValue } from '../../model/error.ts';
import type { SortKey } from '../expression/search.ts';

export type Total = 'none' | 'estimate' | 'accurate';
export type Summary = 'true' | 'false' | 'text' | 'data' | 'count';

export interface SearchControls {
  count: number;
  sort: SortKey[];
  total?: Total;
  summary?: Summary;
  elements?: string[];
  /** The token of a later page, unopened. */
  page?: string;
}

const TOTALS: readonly string[] = ['none', 'estimate', 'accurate'];
const SUMMARIES: readonly string[] = ['true', 'false', 'text', 'data', 'count'];

function oneOf<T extends string>(name: string, value: string, allowed: readonly string[]): T {
  if (!allowed.includes(value)) throw invalidValue(`${name} must be one of ${allowed.join(', ')}, not "${value}"`, name);
  return value as T;
}

/** @throws FhirError 400 unless it is a whole number; more than `max` becomes `max`, as R4 allows */
function parseCount(value: string, max: number): number {
  if (!/^\d{1,9}$/.test(value)) throw invalidValue(`_count must be a whole number from 0, not "${value}"`, '_count');
  return Math.min(Number(value), max);
}

/** Sort keys of one search. */
const MOST_SORT_KEYS = 10;

function parseSort(value: string): SortKey[] {
  const parts = value.split(',');
  if (parts.length > MOST_SORT_KEYS) throw invalidValue(`_sort: at most ${MOST_SORT_KEYS} keys, not ${parts.length}`, '_sort');
  return parts.map((part) => {
    const descending = part.startsWith('-');
    const parameter = descending ? part.slice(1) : part;
    if (parameter === '') throw invalidValue(`_sort must be a list of parameter names, not "${value}"`, '_sort');
    return { parameter, descending };
  });
}

/** What each control does to the request. `_format` and `_pretty` are read off before: a search only lets them pass. */
const CONTROLS: Readonly<Record<string, (controls: SearchControls, value: string, maxCount: number) => void>> = {
  _count: (controls, value, maxCount) => {
    controls.count = parseCount(value, maxCount);
  },
  _sort: (controls, value) => {
    controls.sort = parseSort(value);
  },
  _total: (controls, value) => {
    controls.total = oneOf('_total', value, TOTALS);
  },
  _summary: (controls, value) => {
    controls.summary = oneOf('_summary', value, SUMMARIES);
  },
  _elements: (controls, value) => {
    controls.elements = value.split(',').filter((element) => element !== '');
  },
  _page: (controls, value) => {
    controls.page = value;
  },
  _format: () => {},
  _pretty: () => {},
};

export const isControl = (name: string) => Object.hasOwn(CONTROLS, name);

/** Sets what the control says. @throws FhirError 400 for a value that it can't have */
export function applyControl(controls: SearchControls, name: string, value: string, maxCount: number): void {
  CONTROLS[name]?.(controls, value, maxCount);
}
