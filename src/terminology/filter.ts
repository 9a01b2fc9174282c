/** Filters of a value set over the concepts of a code system. @see https://hl7.org/fhir/R4/valueset-filter-operator.html */
import type { Hierarchy } from './hierarchy.ts';
import type { Filter } from './resources.ts';
import { Unexpandable } from './unexpandable.ts';

/** `concept` and `code` both mean the concept itself. */
const ITSELF = new Set(['concept', 'code']);

const listOf = (value: string) => value.split(',').map((each) => each.trim());

function withSelf(code: string, others: readonly string[], { has }: Hierarchy): string[] {
  return has(code) ? [code, ...others] : [...others];
}

function byProperty(hierarchy: Hierarchy, property: string, accepts: (values: readonly string[]) => boolean): string[] {
  return hierarchy.codes.filter((code) => accepts(ITSELF.has(property) ? [code] : hierarchy.values(code, property)));
}

/** The codes that meet the filter. @throws Unexpandable for an operator that is not known here (`regex`) */
export function filtered(hierarchy: Hierarchy, { property = '', op = '', value = '' }: Filter, system: string): readonly string[] {
  switch (op) {
    case 'is-a':
      return withSelf(value, hierarchy.below(value), hierarchy);
    case 'descendent-of':
      return hierarchy.below(value);
    case 'is-not-a': {
      const out = new Set([value, ...hierarchy.below(value)]);
      return hierarchy.codes.filter((code) => !out.has(code));
    }
    case 'generalizes':
      return withSelf(value, hierarchy.above(value), hierarchy);
    case '=':
      return byProperty(hierarchy, property, (values) => values.includes(value));
    case 'in':
      return byProperty(hierarchy, property, (values) => values.some((each) => listOf(value).includes(each)));
    case 'not-in':
      return byProperty(hierarchy, property, (values) => !values.some((each) => listOf(value).includes(each)));
    case 'exists':
      return byProperty(hierarchy, property, (values) => values.length > 0 === (value === 'true'));
    default:
      throw new Unexpandable(`filters ${system} by "${property} ${op} …", which is not supported`);
  }
}
