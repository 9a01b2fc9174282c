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
  const at = (value: number) => `${parameters.add(timestamp(value))}::timestamptz`;
  const columns = conditions.map(({ bound, op, value }) => `e.${bound === 'lo' ? column : 'ends_at'} ${OPERATORS[op]} ${at(value)}`);
  const follows = conditions.map(({ bound, op, value }) => {
    const isFrom = op === 'gt' || op === 'ge';
    if (isFrom) return `e.ends_at >= ${at(value)}`;
    return bound === 'hi' ? `e.${column} <= ${at(value)}` : undefined;
  });
  const known = [`e.${column} > '-infinity'`, `e.ends_at > '-infinity'`, ...columns].join(' AND ');
  const either = `((${known}) OR (e.${column} = '-infinity' AND ${inRow}))`;
  return `(${[...follows.filter((part) => part !== undefined), either].join(' AND ')})`;
}
