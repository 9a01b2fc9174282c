/** An aggregate as one SQL statement. */
import type { Pool } from 'pg';
import { parseDecimal } from '../../../model/decimal.ts';
import { unreachable } from '../../../model/unreachable.ts';
import type { AggregateRow, GroupKey, StoreAggregate, TimeUnit } from '../../store.ts';
import { YEARS } from '../../time-unit.ts';
import { queryUntil } from '../connections/query-until.ts';
import { createParameters, type Parameters } from './parameters.ts';
import { type Statement, selectionOf } from './statement.ts';

const FORMATS: Readonly<Record<TimeUnit, string>> = { year: 'YYYY', month: 'YYYY-MM', week: 'IYYY-"W"IW', day: 'YYYY-MM-DD' };

export async function aggregateRows(pool: Pool, request: StoreAggregate): Promise<AggregateRow[]> {
  const [type] = request.types;
  if (type === undefined) return [];
  const { text, values } = aggregateStatement(type, request);
  const rows = await queryUntil<(string | null)[]>(request.signal, pool, { text, values: [...values], rowMode: 'array' });
  return rows.map((row) => rowFrom(row, request.groups.length));
}

function rowFrom(row: readonly (string | null)[], width: number): AggregateRow {
  const groups = row.slice(0, width);
  const [unit = null, count, ...amounts] = row.slice(width);
  if (unit === null) return { groups, unit, count: Number(count) };
  const [sum, min, max] = amounts.map((text) => parseDecimal(text ?? ''));
  return { groups, unit, count: Number(count), amounts: { sum, min, max } } as AggregateRow;
}

function aggregateStatement(type: string, { groups, measure, limit, ...selection }: StoreAggregate): Statement {
  const parameters = createParameters();
  const keys = groups.map((key, at) => `${groupSql(key, parameters)} AS g${at}`);
  const scalar = measure === undefined ? undefined : `e.o->${parameters.add(measure)}::text`;
  const unit = scalar ? `${scalar}->>'unit'` : 'NULL::text';
  // jsonb keeps a number as a decimal, so nothing is rounded.
  const amount = scalar ? `CASE WHEN ${unit} IS NOT NULL THEN (${scalar}->>'min')::numeric END` : 'NULL::numeric';
  const { from, where } = selectionOf(type, selection, parameters);
  const names = [...groups.map((_, at) => `g${at}`), 'u'].join(', ');
  const text = `SELECT ${names}, count(*)::text, sum(v)::text, min(v)::text, max(v)::text
    FROM (SELECT ${[...keys, `${unit} AS u`, `${amount} AS v`].join(', ')} FROM ${from} WHERE ${where}) AS x
    GROUP BY ${names} LIMIT ${parameters.add(limit)}`;
  return { text, values: parameters.values };
}

function groupSql(key: GroupKey, parameters: Parameters): string {
  switch (key.kind) {
    case 'entry':
      return `(SELECT min(t COLLATE "C") FROM (${key.starts.map((start) => restsAfter(start, parameters)).join(' UNION ALL ')}) AS y (t))`;
    case 'time':
      // A CASE keeps times that PostgreSQL has not from being converted.
      return `(SELECT CASE WHEN t >= ${YEARS.from} AND t < ${YEARS.to}
        THEN to_char(to_timestamp(t / 1000) AT TIME ZONE 'UTC', '${FORMATS[key.unit]}') END FROM (SELECT ${timeSql(key.parameter, parameters)}) AS y (t))`;
    default:
      return unreachable(key);
  }
}

function timeSql(parameter: string, parameters: Parameters): string {
  if (parameter === '_lastUpdated') return 'e.at::float8';
  const value = `e.o->${parameters.add(parameter)}::text->'min'`;
  return `CASE jsonb_typeof(${value}) WHEN 'number' THEN (${value})::float8 END`;
}

/** What the entries of a row have after this start. */
function restsAfter(start: string, parameters: Parameters): string {
  const place = `${parameters.add(start)}::text`;
  return `SELECT substr(z.lexeme, char_length(${place}) + 1) FROM unnest(e.s) AS z WHERE starts_with(z.lexeme, ${place})`;
}
