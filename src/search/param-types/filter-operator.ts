/**
 * What an operator of `_filter` means for a parameter, in the words of a plain search: a modifier, a prefix, or the complement.
 * @see https://hl7.org/fhir/R4/search_filter.html#ops
 */
import { unsupportedParameter } from '../../model/error.ts';

export const FILTER_OPERATORS = [
  'eq',
  'ne',
  'co',
  'sw',
  'ew',
  'gt',
  'lt',
  'ge',
  'le',
  'ap',
  'sa',
  'eb',
  'pr',
  'po',
  'ss',
  'sb',
  'in',
  'ni',
  're',
] as const;
export type FilterOperator = (typeof FILTER_OPERATORS)[number];

/** A comparison as a plain criterion. */
interface PlainCriterion {
  /** `whole`, `end` and `overlap` exist in filters only. */
  readonly modifier?: string;
  readonly value: string;
  readonly isComplement?: true;
}

type Plain = (value: string) => PlainCriterion;

const same: Plain = (value) => ({ value: escaped(value) });
const modified =
  (modifier: string): Plain =>
  (value) => ({ modifier, value: escaped(value) });
const prefixed =
  (prefix: string): Plain =>
  (value) => ({ value: `${prefix}${escaped(value)}` });
const not =
  (plain: Plain): Plain =>
  (value) => ({ ...plain(value), isComplement: true });
const present: Plain = (value) => ({ modifier: 'missing', value: value === 'true' ? 'false' : value === 'false' ? 'true' : value });

/** A filter's value is one: its commas separate nothing. */
const escaped = (value: string) => value.replace(/[\\,]/g, '\\$&');

const ORDERED: Readonly<Partial<Record<FilterOperator, Plain>>> = Object.fromEntries(
  (['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'ap', 'sa', 'eb'] as const).map((prefix) => [prefix, prefixed(prefix)]),
);

const BY_TYPE: Readonly<Record<string, Readonly<Partial<Record<FilterOperator, Plain>>>>> = {
  string: {
    eq: modified('whole'),
    ne: not(modified('whole')),
    co: modified('contains'),
    sw: same,
    ew: modified('end'),
    pr: present,
  },
  token: {
    eq: same,
    ne: not(same),
    pr: present,
    in: modified('in'),
    ni: modified('not-in'),
    ss: modified('above'),
    sb: modified('below'),
  },
  uri: { eq: same, ne: not(same), pr: present, ss: modified('above'), sb: modified('below') },
  reference: { eq: same, ne: not(same), re: same, pr: present },
  date: { ...ORDERED, po: modified('overlap'), pr: present },
  number: { ...ORDERED, pr: present },
  quantity: { ...ORDERED, pr: present },
  composite: { eq: same, ne: not(same) },
};

/** @throws FhirError 400 that lists the operators of the type */
export function plainCriterion(operator: FilterOperator, value: string, type: string, name: string): PlainCriterion {
  const ofType = BY_TYPE[type] ?? {};
  const plain = ofType[operator];
  if (plain) return plain(value);
  const allowed = Object.keys(ofType).join(', ') || 'none';
  throw unsupportedParameter(`_filter: "${operator}" says nothing of "${name}", which is a ${type}; allowed: ${allowed}`, '_filter');
}
