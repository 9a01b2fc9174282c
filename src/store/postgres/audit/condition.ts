/** What SQL can tell of a search for audit events: never less than what matches, often more. */
import { placeOf } from '../../../audit/render.ts';
import { keyedForm, keyOf } from '../../../audit/search-keys.ts';
import type { BoundCondition, SearchExpression } from '../../../search/expression/expression.ts';
import type { Parameters } from '../search/parameters.ts';

/** A condition on `e`, and whether it leaves out all that does not match. */
interface AuditCondition {
  readonly sql: string;
  readonly isExact: boolean;
}

const ANY: AuditCondition = { sql: 'true', isExact: false };
const DATE_KEY = 'AuditEvent.date';

export function auditCondition(where: SearchExpression, parameters: Parameters): AuditCondition {
  switch (where.kind) {
    case 'everything':
      return { sql: 'true', isExact: true };
    case 'nothing':
      return { sql: 'false', isExact: true };
    case 'and':
      return joined(where.of, 'AND', parameters);
    case 'or':
      return joined(where.of, 'OR', parameters);
    case 'equals':
      return keyed([where.entry], parameters);
    case 'among':
      return keyed(where.entries, parameters);
    case 'range':
      return where.key === DATE_KEY ? recorded(where.conditions, parameters) : ANY;
    case 'updated':
      return recorded(where.conditions, parameters);
    case 'ids':
      return withIds(where.ids, parameters);
    case 'patient':
      return keyed([`AuditEvent.patient=${where.reference}`], parameters);
    default:
      // What is left out here is sorted out by looking at what was found.
      return ANY;
  }
}

function joined(of: readonly SearchExpression[], word: 'AND' | 'OR', parameters: Parameters): AuditCondition {
  const parts = of.map((part) => auditCondition(part, parameters));
  return { sql: `(${parts.map(({ sql }) => sql).join(` ${word} `)})`, isExact: parts.every(({ isExact }) => isExact) };
}

/** Not exact: an entry with a version or a system has the key of all versions or systems. */
function keyed(entries: readonly string[], parameters: Parameters): AuditCondition {
  const forms = entries.map(keyedForm);
  if (forms.includes(undefined)) return ANY;
  const keys = forms.map((form) => keyOf(form as string));
  return { sql: `e.keys && ${parameters.add(`{${keys.join(',')}}`)}::integer[]`, isExact: forms.every((form, i) => form === entries[i]) };
}

const OPERATORS = { lt: '<', le: '<=', gt: '>', ge: '>=' } as const;

/** An event is an instant to the millisecond, so both ends of its index entry are the same. */
function recorded(conditions: readonly BoundCondition[], parameters: Parameters): AuditCondition {
  const parts = conditions.map(({ op, value }) => `e.recorded_at ${OPERATORS[op]} to_timestamp(${parameters.add(value / 1000)}::float8)`);
  return { sql: parts.length > 0 ? `(${parts.join(' AND ')})` : 'true', isExact: true };
}

function withIds(ids: readonly string[], parameters: Parameters): AuditCondition {
  const places = ids.flatMap((id) => placeOf(id) ?? []);
  const list = (values: readonly number[], type: string) => `${parameters.add(`{${values.join(',')}}`)}::${type}[]`;
  const days = places.map(({ recorded }) => recorded / 1000);
  if (places.length === 0) return { sql: 'false', isExact: true };
  return {
    sql: `(e.recorded_at, e.chain, e.seq) IN (SELECT to_timestamp(i.s), i.c, i.n FROM unnest(${list(days, 'float8')}, ${list(
      places.map(({ chain }) => chain),
      'integer',
    )}, ${list(
      places.map(({ seq }) => seq),
      'bigint',
    )}) AS i (s, c, n))`,
    isExact: true,
  };
}
