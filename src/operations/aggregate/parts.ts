/** The rows of an aggregate as parameters, in the order of their groups. */
import { divideDecimal } from '../../model/decimal.ts';
import type { AggregateRow } from '../../search/expression/search.ts';
import { compareValues } from '../../store/order.ts';
import { group, type Part, part } from '../answer.ts';
import type { AggregateOrder, AmountFunction } from './order.ts';

/** Decimal places of an average, unless the sum has more. */
const AVERAGE_PLACES = 6;

type Amounts = NonNullable<AggregateRow['amounts']>;

/** How many resources there are, then a `group` for each row; what a group has no value for is left out of it. */
export function aggregateParts(order: AggregateOrder, rows: readonly AggregateRow[]): Part[] {
  const total = rows.reduce((sum, { count }) => sum + count, 0);
  return [part('count', total), ...[...rows].sort(byGroups).map((row) => rowPart(order, row))];
}

function rowPart({ groups, functions }: AggregateOrder, { groups: values, unit, count, amounts }: AggregateRow): Part {
  const keys = groups.map(({ name, label }, at) => {
    const value = values[at];
    return part(name, value === null || value === undefined ? undefined : label(value));
  });
  const figures = functions.map((name) => part(name, amounts && figureOf(name, amounts, count)));
  return group('group', [...keys, part('count', count), ...unitParts(unit), ...figures]);
}

function unitParts(unit: string | null): Part[] {
  if (unit === null) return [];
  const bar = unit.indexOf('|');
  return [part('unit', unit.slice(bar + 1)), part('unitSystem', unit.slice(0, Math.max(bar, 0)))];
}

function figureOf(name: AmountFunction, { sum, min, max }: Amounts, count: number) {
  if (name === 'avg') return divideDecimal(sum, count, AVERAGE_PLACES);
  return { sum, min, max }[name];
}

/** Missing values last. */
function byGroups(a: AggregateRow, b: AggregateRow): number {
  const [left, right] = [a, b].map(({ groups, unit }) => [...groups, unit]) as [(string | null)[], (string | null)[]];
  for (const [at, value] of left.entries()) {
    const order = compareValues(value, right[at] ?? null, false);
    if (order !== 0) return order;
  }
  return 0;
}
