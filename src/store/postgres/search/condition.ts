/**
 * A search expression as an SQL condition on one row `e` of a partitioned table. Never null, so that `not` is exact.
 *
 * `equals`, `prefix` and `patient` use the GIN index; the type's own date uses the partition column and the index on its
 * end; other ranges are looked up in the row.
 */
import { unreachable } from '../../../model/unreachable.ts';
import type { BoundCondition, SearchExpression } from '../../../search/expression/expression.ts';
import { haversineOf } from '../../../search/expression/haversine.ts';
import { type AdministrativeTable, mainKeyOf } from '../business-date.ts';
import { amongQueries, equalsQuery, patientLexeme, prefixQuery } from '../lexeme.ts';
import { mainRange } from './main-range.ts';
import type { Parameters } from './parameters.ts';

const OPERATORS = { lt: '<', le: '<=', gt: '>', ge: '>=' } as const;

export function conditionOf(expression: SearchExpression, table: AdministrativeTable, parameters: Parameters): string {
  const joined = (of: readonly SearchExpression[], word: string, empty: string) =>
    of.length === 0 ? empty : `(${of.map((part) => conditionOf(part, table, parameters)).join(word)})`;
  const holds = (query: string) => `e.s @@ ${parameters.add(query)}::tsquery`;
  switch (expression.kind) {
    case 'everything':
      return 'true';
    case 'nothing':
      return 'false';
    case 'and':
      return joined(expression.of, ' AND ', 'true');
    case 'or':
      return joined(expression.of, ' OR ', 'false');
    case 'not':
      return `NOT ${conditionOf(expression.of, table, parameters)}`;
    case 'equals':
      return holds(equalsQuery(expression.entry));
    case 'among':
      return isAmong(expression.entries, parameters);
    case 'prefix':
      return holds(prefixQuery(expression.entry));
    case 'contains':
      return containsCondition(expression, parameters);
    case 'patient':
      return holds(equalsQuery(patientLexeme(expression.reference)));
    case 'patients':
      return isAmong(expression.references.map(patientLexeme), parameters);
    case 'patients-only':
      return patientsOnlyCondition(expression.references, parameters);
    case 'range':
      return rangeCondition(expression.key, expression.conditions, table, parameters);
    case 'near':
      return nearCondition(expression, parameters);
    case 'types':
      // A row's type is its table's, so the condition is decided before the statement is made.
      return expression.types.includes(table.type) ? 'true' : 'false';
    case 'ids':
      return `e.id = ANY (${parameters.add(expression.ids)}::text[])`;
    case 'updated':
      return joinedBounds(expression.conditions.map(({ op, value }) => `e.at ${OPERATORS[op]} ${parameters.add(value)}::float8`));
    default:
      return unreachable(expression);
  }
}

const isAmong = (entries: readonly string[], parameters: Parameters): string =>
  entries.length === 0 ? 'false' : `e.s @@ ANY (${parameters.add(amongQueries(entries))}::tsquery[])`;

/** Looks through the entries of the row: a patient's compartment is an entry among them. */
function patientsOnlyCondition(references: readonly string[], parameters: Parameters): string {
  const among = `${parameters.add(references.map(patientLexeme))}::text[]`;
  return `NOT EXISTS (SELECT FROM unnest(e.s) AS x WHERE starts_with(x.lexeme, ${parameters.add(patientLexeme(''))}::text) AND x.lexeme <> ALL (${among}))`;
}

/** The index finds what starts so; then the entries of the row are looked through. */
function containsCondition({ start, text, isEnd }: Extract<SearchExpression, { kind: 'contains' }>, parameters: Parameters): string {
  const startAt = parameters.add(start);
  const rest = `split_part(substr(x.lexeme, char_length(${startAt}::text) + 1), E'\\x1f', 1)`;
  const textAt = parameters.add(text);
  const hasText = isEnd ? `right(${rest}, char_length(${textAt}::text)) = ${textAt}::text` : `position(${textAt}::text IN ${rest}) > 0`;
  const holds = `starts_with(x.lexeme, ${startAt}::text) AND ${hasText}`;
  return `(e.s @@ ${parameters.add(prefixQuery(start))}::tsquery AND EXISTS (SELECT FROM unnest(e.s) AS x WHERE ${holds}))`;
}

/** The exact distance. False, not null, for a row without a position. */
function nearCondition({ keys, latitude, longitude, kilometres }: Extract<SearchExpression, { kind: 'near' }>, parameters: Parameters) {
  const degrees = (key: string) => `(e.r->${parameters.add(key)}::text->0->>0)::float8`;
  const number = (value: number) => `${parameters.add(value)}::float8`;
  const [at, along] = [degrees(keys.latitude), degrees(keys.longitude)];
  const halfSquared = (from: string, to: string) => `power(sin(radians(${from} - ${to}) / 2), 2)`;
  const cosines = `cos(radians(${number(latitude)})) * cos(radians(${at}))`;
  const angle = `${halfSquared(at, number(latitude))} + ${cosines} * ${halfSquared(along, number(longitude))}`;
  return `coalesce(${angle} <= ${number(haversineOf(kilometres))}, false)`;
}

function rangeCondition(key: string, conditions: readonly BoundCondition[], table: AdministrativeTable, parameters: Parameters): string {
  const inRow = entryCondition(key, conditions, parameters);
  return key === mainKeyOf(table) ? mainRange(conditions, table, parameters, inRow) : inRow;
}

/** One entry of `r` under this key meets every condition. */
function entryCondition(key: string, conditions: readonly BoundCondition[], parameters: Parameters): string {
  const bounds = conditions.map(
    ({ bound, op, value }) => `(x.v->>${bound === 'lo' ? 0 : 1})::float8 ${OPERATORS[op]} ${parameters.add(value)}::float8`,
  );
  return `EXISTS (SELECT FROM jsonb_array_elements(e.r->${parameters.add(key)}::text) AS x (v) WHERE ${joinedBounds(bounds)})`;
}

const joinedBounds = (bounds: readonly string[]) => (bounds.length === 0 ? 'true' : `(${bounds.join(' AND ')})`);
