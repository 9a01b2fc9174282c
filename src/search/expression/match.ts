/** Evaluates a search expression on one resource's index entries: the reference that every store is held to. */
import type { IndexEntries, RangeEntry, ResourceKey } from '../../model/resource.ts';
import { unreachable } from '../../model/unreachable.ts';
import { EXACT_MARK } from '../parameters/entry-text.ts';
import type { BoundCondition, SearchExpression } from './expression.ts';
import { haversine, haversineOf } from './haversine.ts';

/** What an expression is evaluated on: a draft, or anything with the same members. */
export interface Matchable extends ResourceKey {
  /** `meta.lastUpdated`, milliseconds since 1970. */
  readonly at: number;
  readonly index: IndexEntries;
}

function meets(entry: { readonly lo: number; readonly hi: number }, condition: BoundCondition): boolean {
  const end = condition.bound === 'lo' ? entry.lo : entry.hi;
  switch (condition.op) {
    case 'lt':
      return end < condition.value;
    case 'le':
      return end <= condition.value;
    case 'gt':
      return end > condition.value;
    case 'ge':
      return end >= condition.value;
    default:
      return unreachable(condition.op);
  }
}

const meetsAll = (entry: { readonly lo: number; readonly hi: number }, conditions: readonly BoundCondition[]) =>
  conditions.every((condition) => meets(entry, condition));

const inRange = (entries: readonly RangeEntry[], key: string, conditions: readonly BoundCondition[]) =>
  entries.some((entry) => entry.k === key && meetsAll(entry, conditions));

function containsText(entry: string, { start, text, isEnd }: Extract<SearchExpression, { kind: 'contains' }>): boolean {
  if (!entry.startsWith(start)) return false;
  const rest = entry.slice(start.length).split(EXACT_MARK, 1)[0] ?? '';
  return isEnd ? rest.endsWith(text) : rest.includes(text);
}

function isNear(entries: readonly RangeEntry[], { keys, kilometres, ...centre }: Extract<SearchExpression, { kind: 'near' }>): boolean {
  const [latitude, longitude] = [keys.latitude, keys.longitude].map((key) => entries.find((entry) => entry.k === key)?.lo);
  if (latitude === undefined || longitude === undefined) return false;
  return haversine(centre, { latitude, longitude }) <= haversineOf(kilometres);
}

/**
 * True if the resource meets the expression. All conditions of a `range` must hold on *one* entry; a `range` without
 * conditions asks whether there is an entry with its key at all.
 */
export function matches(expression: SearchExpression, resource: Matchable): boolean {
  const { index } = resource;
  switch (expression.kind) {
    case 'everything':
      return true;
    case 'nothing':
      return false;
    case 'and':
      return expression.of.every((part) => matches(part, resource));
    case 'or':
      return expression.of.some((part) => matches(part, resource));
    case 'not':
      return !matches(expression.of, resource);
    case 'equals':
      return index.s.includes(expression.entry);
    case 'among':
      return expression.entries.some((entry) => index.s.includes(entry));
    case 'prefix':
      return index.s.some((entry) => entry.startsWith(expression.entry));
    case 'contains':
      return index.s.some((entry) => containsText(entry, expression));
    case 'range':
      return inRange(index.r, expression.key, expression.conditions);
    case 'near':
      return isNear(index.r, expression);
    case 'types':
      return expression.types.includes(resource.type);
    case 'ids':
      return expression.ids.includes(resource.id);
    case 'patient':
      return index.patients.includes(expression.reference);
    case 'patients':
      return index.patients.some((patient) => expression.references.includes(patient));
    case 'patients-only':
      return index.patients.every((patient) => expression.references.includes(patient));
    case 'updated':
      return meetsAll({ lo: resource.at, hi: resource.at }, expression.conditions);
    default:
      return unreachable(expression);
  }
}
