/** Conditions on labels, by the parameter `_security`, and on other tokens. */

import type { SearchExpression } from '../../search/expression/expression.ts';
import { or } from '../../search/expression/expression.ts';
import type { SearchRegistry } from '../../search/parameters/registry.ts';
import type { Labelled } from '../consent/denied.ts';
import type { Label } from '../consent/rule.ts';
import type { CompileScopeQuery } from '../scope-query.ts';

/** A condition that holds for resources with this token in a parameter; undefined if the parameter can't be asked so. */
export type HasToken = (type: string, parameter: string, token: Label) => SearchExpression | undefined;

/** Each condition is made once, for as long as the search parameters stay as they are. */
export function createTokens(compileQuery: CompileScopeQuery, { revision }: Pick<SearchRegistry, 'revision'>): HasToken {
  const known = new Map<string, SearchExpression>();
  let knownOf = revision();
  return (type, parameter, { system, code }) => {
    if (revision() !== knownOf) known.clear();
    knownOf = revision();
    const query = `${parameter}=${literal(system)}%7C${literal(code)}`;
    const name = `${type}?${query}`;
    const made = known.get(name) ?? compileQuery(type, query);
    if (made) known.set(name, made);
    return made;
  };
}

export function createLabelled(hasToken: HasToken): Labelled {
  return (type, labels) =>
    or(
      labels.map((label) => {
        const wears = hasToken(type, '_security', label);
        if (!wears) throw new Error(`labels of ${type} can't be searched`);
        return wears;
      }),
    );
}

/** Separators of search values in it mean themselves. */
const literal = (text: string) => encodeURIComponent(text.replaceAll(/[\\,|$]/g, '\\$&'));
