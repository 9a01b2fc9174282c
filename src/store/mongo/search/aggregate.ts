/** An aggregate as one pipeline over the index fields. @see https://www.mongodb.com/docs/manual/reference/operator/aggregation/group/ */
import type { Document } from 'mongodb';
import { parseDecimal } from '../../../model/decimal.ts';
import { unreachable } from '../../../model/unreachable.ts';
import type { AggregateRow, GroupKey, StoreAggregate, TimeUnit } from '../../store.ts';
import { YEARS } from '../../time-unit.ts';
import { fieldOf, startsWith } from './filter.ts';

const FORMATS: Readonly<Record<TimeUnit, string>> = { year: '%Y', month: '%Y-%m', week: '%G-W%V', day: '%Y-%m-%d' };

/** The stages after the `$match`. */
export function aggregateStages({ groups, measure, limit }: StoreAggregate): Document[] {
  const scalar = measure === undefined ? undefined : { $getField: { field: { $literal: measure }, input: '$o' } };
  const field = (name: string) => (scalar ? { $ifNull: [{ $getField: { field: name, input: scalar } }, null] } : null);
  const amount = { $cond: [{ $eq: ['$u', null] }, null, { $toDecimal: '$v' }] };
  return [
    { $project: { _id: 0, g: groups.map(groupExpression), u: field('unit'), v: field('min') } },
    {
      $group: {
        _id: { g: '$g', u: '$u' },
        n: { $sum: 1 },
        sum: { $sum: amount },
        min: { $min: amount },
        max: { $max: amount },
      },
    },
    { $limit: limit },
  ];
}

function groupExpression(key: GroupKey): Document {
  switch (key.kind) {
    case 'entry':
      return { $min: { $concatArrays: key.starts.map(restsAfter) } };
    case 'time': {
      const scalar = { $getField: { field: { $literal: key.parameter }, input: '$o' } };
      const at = key.parameter === '_lastUpdated' ? { $toLong: '$at' } : { $getField: { field: 'min', input: scalar } };
      const isInYears = { $and: [{ $isNumber: '$$at' }, { $gte: ['$$at', YEARS.from] }, { $lt: ['$$at', YEARS.to] }] };
      const text = { $dateToString: { date: { $toDate: { $toLong: '$$at' } }, format: FORMATS[key.unit] } };
      return { $let: { vars: { at }, in: { $cond: [isInYears, text, null] } } };
    }
    default:
      return unreachable(key);
  }
}

/** What the entries of a document have after this start. */
function restsAfter(start: string): Document {
  const entries = { $filter: { input: { $ifNull: [`$${fieldOf(start)}`, []] }, as: 'entry', cond: startsWith('$$entry', start) } };
  return { $map: { input: entries, as: 'entry', in: { $substrBytes: ['$$entry', Buffer.byteLength(start), -1] } } };
}

export function aggregateRow({ _id: { g, u }, n, sum, min, max }: Document): AggregateRow {
  const groups = (g as (string | null)[]).map((text) => text ?? null);
  if (u === null || u === undefined) return { groups, unit: null, count: n };
  const [sumOf, minOf, maxOf] = [sum, min, max].map((value) => parseDecimal(String(value)));
  return { groups, unit: u, count: n, amounts: { sum: sumOf, min: minOf, max: maxOf } } as AggregateRow;
}
