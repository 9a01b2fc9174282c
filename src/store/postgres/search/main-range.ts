import type { BoundCondition } from '../../../search/expression/expression.ts';
import { timestamp } from '../binary.ts';
import type { AdministrativeTable } from '../business-date.ts';
import type { Parameters } from './parameters.ts';

const OPERATORS = { lt: '<', le: '<=', gt: '>', ge: '>=' } as const;

/**
 * A condition on the type's own date, see `placed`: the two columns tell it of rows that have a business date, `inRow` of
 * the others. What follows from it for every row is added, so that partitions are ruled out and the index on the end is
 * used: an end is never before its start.
 */
export function mainRange(
  conditions: readonly BoundCondition[],
  { column }: AdministrativeTable,
  parameters: Parameters,
  inRow: string,
): string {
  const at = ({ op, value }: BoundCondition) => `${parameters.add(timestamp(wholeFor(op, value)))}::timestamptz`;
  const columns = conditions.map((each) => `e.${each.bound === 'lo' ? column : 'ends_at'} ${OPERATORS[each.op]} ${at(each)}`);
  const follows = conditions.map((each) => {
    const isFrom = each.op === 'gt' || each.op === 'ge';
    if (isFrom) return `e.ends_at >= ${at(each)}`;
    return each.bound === 'hi' ? `e.${column} <= ${at(each)}` : undefined;
  });
  const known = [`e.${column} > '-infinity'`, `e.ends_at > '-infinity'`, ...columns].join(' AND ');
  const either = `((${known}) OR (e.${column} = '-infinity' AND ${inRow}))`;
  return `(${[...follows.filter((part) => part !== undefined), either].join(' AND ')})`;
}

/** The whole millisecond that divides whole milliseconds as `value` does: `x < 4.5` is `x < 5`, `x <= 4.5` is `x <= 4`. */
function wholeFor(op: BoundCondition['op'], value: number): number {
  return op === 'lt' || op === 'ge' ? Math.ceil(value) : Math.floor(value);
}
