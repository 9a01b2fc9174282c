/**
 * Which values of a resource are protected: identifiers by the code of their type or by their system, and single elements.
 * Wherever else in the resource such a value stands (a narrative, a display), it is protected too.
 * @see https://terminology.hl7.org/CodeSystem-v2-0203.html
 */

import { closingQuote, skipSpace } from '../model/json-scan.ts';
import type { Span } from './sealed-text.ts';
import { textTest } from './text-test.ts';

export interface Protection {
  /** The protected values in a resource, or in those that it contains; empty for most. */
  valuesIn(resource: object): ReadonlySet<string>;
  /** False if the text of a resource certainly holds none: much cheaper than looking. */
  mayHold(text: string): boolean;
  /** What is named without looking at a resource. */
  readonly hidden: { readonly areIdentifiersHidden: boolean; readonly elements: readonly ElementRule[] };
}

type Tree = Readonly<Record<string, unknown>>;

export interface ElementRule {
  readonly type: string;
  readonly path: readonly string[];
}

interface Rules {
  readonly isCode: (code: string) => boolean;
  readonly isSystem: (system: string) => boolean;
  readonly elements: ReadonlyMap<string, readonly ElementRule[]>;
}

const NOTHING: ReadonlySet<string> = new Set();
const ELEMENT = /^([A-Z][A-Za-z]+)\.([A-Za-z]+(?:\.[A-Za-z]+)*)$/;
const CODE = /^[A-Z0-9]+\*?$/i;
/** A value within another text is looked for if it has at least so many characters: "7" is in every second text. */
const LEAST_WITHIN = 4;

/**
 * @param list codes of identifier types ("MR", "NN*"), systems ("http://hl7.org/fhir/sid/us-ssn", with `*` at the end for all
 * that start so), elements that are an Identifier or a string ("Patient.identifier", "Coverage.subscriberId")
 * @throws Error for an entry that is none of these
 */
export function createProtection(list: readonly string[]): Protection {
  const elements = list.flatMap((entry): ElementRule[] => {
    const [, type, path] = ELEMENT.exec(entry) ?? [];
    return type !== undefined && path !== undefined ? [{ type, path: path.split('.') }] : [];
  });
  const systems = list.filter((entry) => entry.includes(':'));
  const codes = list.filter((entry) => CODE.test(entry)).map((entry) => entry.toUpperCase());
  const unknown = list.find((entry) => !ELEMENT.test(entry) && !entry.includes(':') && !CODE.test(entry));
  if (unknown !== undefined)
    throw new Error(`"${unknown}" is no code of an identifier's type, no system and no element like Coverage.subscriberId`);
  const isCode = amongOrStarting(codes);
  const rules: Rules = {
    isCode: (code) => isCode(code.toUpperCase()),
    isSystem: amongOrStarting(systems),
    elements: Map.groupBy(elements, ({ type }) => type),
  };
  return {
    valuesIn(resource) {
      const found = new Set<string>();
      collect(resource as Tree, rules, found);
      return found.size === 0 ? NOTHING : found;
    },
    mayHold: textTest(codes, systems, elements),
    hidden: { areIdentifiersHidden: codes.length + systems.length > 0, elements },
  };
}

function amongOrStarting(entries: readonly string[]): (text: string) => boolean {
  const whole = new Set(entries.filter((entry) => !entry.endsWith('*')));
  const starts = entries.filter((entry) => entry.endsWith('*')).map((entry) => entry.slice(0, -1));
  return (text) => whole.has(text) || starts.some((start) => text.startsWith(start));
}

function collect(node: Tree, rules: Rules, found: Set<string>): void {
  const { value, resourceType } = node;
  if (typeof value === 'string' && isProtectedIdentifier(node, rules)) found.add(value);
  if (typeof resourceType === 'string') for (const { path } of rules.elements.get(resourceType) ?? []) collectAt(node, path, found);
  for (const name in node) {
    const child = node[name];
    if (typeof child !== 'object' || child === null) continue;
    if (Array.isArray(child)) for (const each of child) collectIn(each, rules, found);
    else collect(child as Tree, rules, found);
  }
}

function collectIn(node: unknown, rules: Rules, found: Set<string>): void {
  if (typeof node === 'object' && node !== null && !Array.isArray(node)) collect(node as Tree, rules, found);
}

interface CodedType {
  readonly coding?: readonly ({ readonly code?: unknown } | null)[];
}

function isProtectedIdentifier({ system, type }: Tree, { isCode, isSystem }: Rules): boolean {
  if (typeof system === 'string' && isSystem(system)) return true;
  const { coding } = (typeof type === 'object' && type !== null ? type : {}) as CodedType;
  return Array.isArray(coding) && coding.some((each) => typeof each?.code === 'string' && isCode(each.code));
}

/** The strings at a path, or the values of the Identifiers there. */
function collectAt(node: unknown, path: readonly string[], found: Set<string>): void {
  if (Array.isArray(node)) {
    for (const each of node) collectAt(each, path, found);
    return;
  }
  const [name, ...rest] = path;
  if (name !== undefined) {
    if (typeof node === 'object' && node !== null) collectAt((node as Tree)[name], rest, found);
    return;
  }
  const value = typeof node === 'object' && node !== null ? (node as Tree).value : node;
  if (typeof value === 'string') found.add(value);
}

/** Where in a resource's text the strings stand that are such a value or hold one; their quotes included. */
export function spansOf(text: string, values: ReadonlySet<string>): Span[] {
  const isWithin = search(values);
  const spans: Span[] = [];
  for (let open = text.indexOf('"'); open >= 0; ) {
    const close = closingQuote(text, open);
    const token = text.slice(open + 1, close);
    const value = token.includes('\\') ? (JSON.parse(`"${token}"`) as string) : token;
    const isHit = values.has(value) || isWithin(value) !== false;
    if (isHit && text.charCodeAt(skipSpace(text, close + 1)) !== COLON) spans.push([open, close + 1]);
    open = text.indexOf('"', close + 1);
  }
  return spans;
}

const COLON = 58;
/** Characters looked at for one resource: some 30 ms. Thousands of identifiers in a text of megabytes must not hold up everybody. */
const MOST_LOOKED_AT = 20_000_000;
const COST_OF_A_LOOK = 64;

/** The values that a text holds, false if none. Where that would take too long, 'unknown': then it counts as holding one. */
function search(values: ReadonlySet<string>): (text: string) => readonly string[] | false | 'unknown' {
  const long = [...values].filter((value) => value.length >= LEAST_WITHIN);
  let left = MOST_LOOKED_AT;
  return (text) => {
    left -= long.length * (text.length + COST_OF_A_LOOK);
    if (left < 0) return 'unknown';
    const found = long.filter((value) => text.includes(value));
    return found.length > 0 && found;
  };
}

/** What an index takes values from by name or by form, and where a protected value is not looked for. */
const KEPT: ReadonlySet<string> = new Set(['resourceType', 'id', 'reference', 'url', 'system', 'code', 'versionId', 'lastUpdated']);
const DATE = /^\d{4}(?:-\d\d){0,2}(?:T|$)/;

/**
 * The resource as its index may see it: a string that is a protected value goes through `hidden`, and one that holds such a
 * value loses it. Gives a copy; what it shares with the resource is not changed.
 */
export function redacted(resource: object, values: ReadonlySet<string>, hidden: (value: string) => string): object {
  if (values.size === 0) return resource;
  const within = search(values);
  const textOf = (text: string, name: string) => {
    if (name === 'value' && values.has(text)) return hidden(text);
    if (KEPT.has(name) || DATE.test(text)) return text;
    if (values.has(text) && text.length >= LEAST_WITHIN) return hidden(text);
    const held = within(text);
    return held === 'unknown' ? ' ' : held === false ? text : held.reduce(withoutWord, text);
  };
  const copyOf = (node: unknown, name: string): unknown => {
    if (typeof node === 'string') return textOf(node, name);
    if (Array.isArray(node)) return node.map((each) => copyOf(each, name));
    if (typeof node !== 'object' || node === null) return node;
    return Object.fromEntries(Object.entries(node).map(([inner, each]) => [inner, copyOf(each, inner)]));
  };
  return copyOf(resource, '') as object;
}

const PART_OF_WORD = /[\p{L}\p{N}]/u;

/** A space in place of the value wherever it stands by itself. */
function withoutWord(text: string, value: string): string {
  let rest = '';
  let end = 0;
  for (let at = text.indexOf(value); at >= 0; at = text.indexOf(value, at + value.length)) {
    const isPart = PART_OF_WORD.test(text[at - 1] ?? '') || PART_OF_WORD.test(text[at + value.length] ?? '');
    if (isPart) continue;
    rest += `${text.slice(end, at)} `;
    end = at + value.length;
  }
  return end === 0 ? text : rest + text.slice(end);
}
