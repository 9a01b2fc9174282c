/** Aggregates the plainest way: what the databases are compared with. */
import { addDecimals, compareDecimals, type Decimal, parseDecimal } from '../model/decimal.ts';
import type { ResourceDraft } from '../model/resource.ts';
import { unreachable } from '../model/unreachable.ts';
import { compareBytes } from './order.ts';
import type { AggregateRow, GroupKey, StoreAggregate } from './store.ts';
import { timeUnitText } from './time-unit.ts';

export function aggregateRows(drafts: readonly ResourceDraft[], { groups, measure, limit }: StoreAggregate): AggregateRow[] {
  const rows = new Map<string, AggregateRow>();
  for (const draft of drafts) {
    const one = rowOf(draft, groups, measure);
    const key = JSON.stringify([one.groups, one.unit]);
    const known = rows.get(key);
    rows.set(key, known ? merged(known, one) : one);
  }
  return [...rows.values()].slice(0, limit);
}

function rowOf(draft: ResourceDraft, keys: readonly GroupKey[], measure: string | undefined): AggregateRow {
  const groups = keys.map((key) => groupOf(draft, key));
  const scalar = measure === undefined ? undefined : draft.index.o[measure];
  if (scalar?.unit === undefined) return { groups, unit: null, count: 1 };
  const amount = parseDecimal(String(scalar.min));
  return { groups, unit: scalar.unit, count: 1, amounts: { sum: amount, min: amount, max: amount } };
}

function groupOf({ index, at }: ResourceDraft, key: GroupKey): string | null {
  switch (key.kind) {
    case 'entry': {
      const texts = index.s.flatMap((entry) =>
        key.starts.filter((start) => entry.startsWith(start)).map((start) => entry.slice(start.length)),
      );
      return texts.sort(compareBytes)[0] ?? null;
    }
    case 'time': {
      const value = key.parameter === '_lastUpdated' ? at : index.o[key.parameter]?.min;
      return typeof value === 'number' ? (timeUnitText(value, key.unit) ?? null) : null;
    }
    default:
      return unreachable(key);
  }
}

const least = (a: Decimal, b: Decimal) => (compareDecimals(a, b) <= 0 ? a : b);
const greatest = (a: Decimal, b: Decimal) => (compareDecimals(a, b) >= 0 ? a : b);

function merged(a: AggregateRow, b: AggregateRow): AggregateRow {
  const count = a.count + b.count;
  if (!a.amounts || !b.amounts) return { ...a, count };
  const sum = addDecimals(a.amounts.sum, b.amounts.sum);
  return { ...a, count, amounts: { sum, min: least(a.amounts.min, b.amounts.min), max: greatest(a.amounts.max, b.amounts.max) } };
}
