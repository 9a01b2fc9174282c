/** What is left of a value of each data type. A data type that is not here has no way out. */
import type { Definitions, PropertyDefinition } from '../definitions/definitions.ts';
import { type Lifetime, MOST_YEARS, yearOf } from './lifetime.ts';
import policy from './policy.json' with { type: 'json' };
import type { Pseudonymise } from './pseudonym.ts';
import zip3 from './restricted-zip3.json' with { type: 'json' };
import geography from './states.json' with { type: 'json' };

/** What rules know of the record that a value is in. */
export interface RecordFacts {
  readonly lifetime: Lifetime;
  readonly pseudonymise: Pseudonymise;
  /** The server's base URL: references below it are local. */
  readonly baseUrl: string;
  readonly isResourceType: (type: string) => boolean;
}

type Value = Readonly<Record<string, unknown>>;
/** What may leave of a value; undefined for nothing. */
export type Rule = (value: unknown, facts: RecordFacts) => unknown;

const UCUM = 'http://unitsofmeasure.org';
const SYSTEMS = new Map(Object.entries(policy.codeSystems).map(([system, pattern]) => [system, new RegExp(pattern)]));
const PREFIXES = Object.entries(policy.codeSystemPrefixes).map(([prefix, pattern]) => [prefix, new RegExp(pattern)] as const);
const RESTRICTED: ReadonlySet<string> = new Set([...zip3.census2000, ...zip3.census2010]);
const STATES = new Map(
  Object.entries(geography.states).flatMap(([name, code]) => [name, code].map((each): [string, string] => [each.toLowerCase(), code])),
);

/** TypeScript's library does not know it yet. */
const isRawJson = (JSON as unknown as { isRawJSON(value: unknown): boolean }).isRawJSON;
const isNumber = (value: unknown): boolean => typeof value === 'number' || isRawJson(value);
const numberOf = (value: unknown): number => (typeof value === 'number' ? value : Number((value as { rawJSON?: string })?.rawJSON));

/** An object of what is defined; undefined if that is nothing. */
export function compact(entries: Readonly<Record<string, unknown>>): Value | undefined {
  const there = Object.entries(entries).filter(([, value]) => value !== undefined);
  return there.length === 0 ? undefined : Object.fromEntries(there);
}

const asObject = (value: unknown): Value => (typeof value === 'object' && value !== null ? (value as Value) : {});

function list(value: unknown, of: (item: unknown) => unknown): readonly unknown[] | undefined {
  const kept = Array.isArray(value) ? value.map(of).filter((item) => item !== undefined) : [];
  return kept.length === 0 ? undefined : kept;
}

const number: Rule = (value) => (isNumber(value) ? value : undefined);
const boolean: Rule = (value) => (typeof value === 'boolean' ? value : undefined);

const year: Rule = (value, { lifetime }) => {
  const found = yearOf(value);
  return found === undefined || found < lifetime.earliestYear ? undefined : String(found).padStart(4, '0');
};

const period: Rule = (value, facts) => {
  const { start, end } = asObject(value);
  return compact({ start: year(start, facts), end: year(end, facts) });
};

function isKnownCode(system: unknown, code: unknown): boolean {
  if (typeof system !== 'string' || typeof code !== 'string') return false;
  const pattern =
    SYSTEMS.get(system) ?? PREFIXES.find(([prefix]) => system.startsWith(prefix) && /^[\w-]{1,60}$/.test(system.slice(prefix.length)))?.[1];
  return pattern?.test(code) === true;
}

const coding: Rule = (value) => {
  const { system, code } = asObject(value);
  return isKnownCode(system, code) ? { system, code } : undefined;
};

const codeableConcept: Rule = (value, facts) => {
  const codings = list(asObject(value).coding, (item) => coding(item, facts));
  return codings && { coding: codings };
};

/** Years in a unit of time. */
const YEARS: Readonly<Record<string, number>> = { a: 1, mo: 1 / 12, wk: 1 / 52, d: 1 / 365 };
const COMPARATORS: ReadonlySet<unknown> = new Set(['<', '<=', '>=', '>']);

/** Free text in braces is no part of a unit's meaning. */
const unitOf = (code: string) => code.replaceAll(/\{[^}]*\}/g, '') || '1';

/** Only amounts in UCUM units, or plain numbers; an age over 89 is "90 or more". */
const quantity: Rule = (value) => {
  const { value: amount, comparator, unit, system, code } = asObject(value);
  if (!isNumber(amount)) return undefined;
  const kept = { value: amount, comparator: COMPARATORS.has(comparator) ? comparator : undefined };
  if (system === undefined && code === undefined && unit === undefined) return compact(kept);
  if (system !== UCUM || typeof code !== 'string' || !isKnownCode(UCUM, unitOf(code))) return undefined;
  const years = YEARS[code];
  if (years !== undefined && numberOf(amount) * years >= MOST_YEARS) return { value: MOST_YEARS, comparator: '>=', system, code: 'a' };
  return compact({ ...kept, system, code: unitOf(code) });
};

const range: Rule = (value, facts) => {
  const { low, high } = asObject(value);
  return compact({ low: quantity(low, facts), high: quantity(high, facts) });
};

const ratio: Rule = (value, facts) => {
  const { numerator, denominator } = asObject(value);
  const [above, below] = [quantity(numerator, facts), quantity(denominator, facts)];
  return above && below ? { numerator: above, denominator: below } : undefined;
};

const money: Rule = (value) => {
  const { value: amount, currency } = asObject(value);
  const isCurrency = typeof currency === 'string' && /^[A-Z]{3}$/.test(currency);
  return isNumber(amount) ? compact({ value: amount, currency: isCurrency ? currency : undefined }) : undefined;
};

const REFERENCE = /^([A-Z][A-Za-z]{1,40})\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/[^/]+)?$/;

const reference: Rule = (value, { pseudonymise, baseUrl, isResourceType }) => {
  const { reference: text } = asObject(value);
  if (typeof text !== 'string') return undefined;
  const [, type, id] = REFERENCE.exec(text.startsWith(`${baseUrl}/`) ? text.slice(baseUrl.length + 1) : text) ?? [];
  return type !== undefined && id !== undefined && isResourceType(type) ? { reference: `${type}/${pseudonymise(type, id)}` } : undefined;
};

const UNITED_STATES: ReadonlySet<unknown> = new Set([undefined, 'US', 'USA']);

/** State, three digits of the ZIP code, country: of addresses in the United States. Of others the country alone. */
const address: Rule = (value) => {
  const { state, postalCode, country } = asObject(value);
  const isCountry = typeof country === 'string' && /^[A-Z]{2,3}$/.test(country);
  if (!UNITED_STATES.has(country)) return isCountry ? { country } : undefined;
  const [, prefix] = (typeof postalCode === 'string' && /^(\d{3})\d{2}(?:-?\d{4})?$/.exec(postalCode)) || [];
  return compact({
    state: typeof state === 'string' ? STATES.get(state.trim().toLowerCase()) : undefined,
    postalCode: prefix === undefined ? undefined : RESTRICTED.has(prefix) ? '000' : prefix,
    country,
  });
};

const RULES: Readonly<Record<string, Rule>> = {
  boolean,
  integer: number,
  positiveInt: number,
  unsignedInt: number,
  decimal: number,
  date: year,
  dateTime: year,
  Period: period,
  Coding: coding,
  CodeableConcept: codeableConcept,
  Quantity: quantity,
  Age: quantity,
  Count: quantity,
  Distance: quantity,
  Duration: quantity,
  Range: range,
  Ratio: ratio,
  Money: money,
  Reference: reference,
  Address: address,
};

/** The rule for a property by its data type; undefined if its values have no way out. */
export function ruleOf({ type, element }: PropertyDefinition, { codeSets }: Pick<Definitions, 'codeSets'>): Rule | undefined {
  if (type !== 'code') return RULES[type];
  const set = element.codes === undefined ? undefined : codeSets.get(element.codes);
  if (!set) return undefined;
  const codes: ReadonlySet<unknown> = new Set(Object.values(set).flat());
  return (value) => (codes.has(value) ? value : undefined);
}
