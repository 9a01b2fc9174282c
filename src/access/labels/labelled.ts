/** Conditions on labels, by the parameter `_security`. */

import type { SearchExpression } from '../../search/expression/expression.ts';
import { or } from '../../search/expression/expression.ts';
import type { Labelled } from '../consent/denied.ts';
import type { Label } from '../consent/rule.ts';
import type { CompileScopeQuery } from '../scope-query.ts';

/** Each condition is made once. */
export function createLabelled(compileQuery: CompileScopeQuery): Labelled {
  const known = new Map<string, SearchExpression>();
  const wears = (type: string, { system, code }: Label): SearchExpression => {
    const query = `_security=${literal(system)}%7C${literal(code)}`;
    const name = `${type}?${query}`;
    const made = known.get(name) ?? compileQuery(type, query);
    if (!made) throw new Error(`labels of ${type} can't be searched`);
    known.set(name, made);
    return made;
  };
  return (type, labels) => or(labels.map((label) => wears(type, label)));
}

/** Separators of search values in it mean themselves. */
const literal = (text: string) => encodeURIComponent(text.replaceAll(/[\\,|$]/g, '\\$&'));
