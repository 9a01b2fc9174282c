/** Search expressions as text for people: `_explain`, test failures, logs of plans (never of a patient's search). */
import { unreachable } from '../../model/unreachable.ts';
import type { BoundCondition, SearchExpression } from './expression.ts';

const SIGNS = { lt: '<', le: '<=', gt: '>', ge: '>=' } as const;

const printConditions = (conditions: readonly BoundCondition[]) =>
  conditions.map((condition) => `${condition.bound} ${SIGNS[condition.op]} ${condition.value}`).join(', ');

const printAll = (word: string, of: readonly SearchExpression[]) => `(${of.map(printExpression).join(` ${word} `)})`;

/**
 * One line that names every condition: `("Observation.status=final" and not "Observation.code~8867-4")`. Entries are JSON
 * strings, a prefix ends in `…`.
 */
export function printExpression(expression: SearchExpression): string {
  switch (expression.kind) {
    case 'everything':
    case 'nothing':
      return expression.kind;
    case 'and':
    case 'or':
      return printAll(expression.kind, expression.of);
    case 'not':
      return `not ${printExpression(expression.of)}`;
    case 'equals':
      return JSON.stringify(expression.entry);
    case 'among':
      return `among[${expression.entries.map((entry) => JSON.stringify(entry)).join(', ')}]`;
    case 'prefix':
      return `${JSON.stringify(expression.entry)}…`;
    case 'contains':
      return `${JSON.stringify(expression.start)}…${JSON.stringify(expression.text)}${expression.isEnd ? '' : '…'}`;
    case 'range':
      return `${JSON.stringify(expression.key)}[${printConditions(expression.conditions)}]`;
    case 'near':
      return `${JSON.stringify(expression.keys.latitude)} within ${expression.kilometres} km of ${expression.latitude} ${expression.longitude}`;
    case 'types':
      return `types[${expression.types.join(', ')}]`;
    case 'ids':
      return `ids[${expression.ids.join(', ')}]`;
    case 'patient':
      return `in ${expression.reference}`;
    case 'patients':
      return `in one of [${expression.references.join(', ')}]`;
    case 'patients-only':
      return `in none but [${expression.references.join(', ')}]`;
    case 'updated':
      return `updated[${printConditions(expression.conditions)}]`;
    default:
      return unreachable(expression);
  }
}
