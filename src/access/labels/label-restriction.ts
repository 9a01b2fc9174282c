/**
 * Labels that need clearance: a resource that bears one is out of reach of tokens without it, letter by letter.
 *
 * A clearance is a scope, `system/$label-restricted.rs`: with `r` such resources are read, with `s` found, with `c` created,
 * with `u` changed (a label put on or taken off is a change), with `d` deleted.
 */

import { isServersOwn } from '../../model/servers-own.ts';
import type { SearchExpression } from '../../search/expression/expression.ts';
import { and, EVERYTHING, NOTHING, not, or } from '../../search/expression/expression.ts';
import { matches } from '../../search/expression/match.ts';
import type { Labelled } from '../consent/denied.ts';
import type { InRecords } from '../consent/in-records.ts';
import type { Label } from '../consent/rule.ts';
import type { Restriction } from '../decision.ts';
import { letterBit, type ScopeLetter, type ScopeSet } from '../scopes.ts';
import { CONFIDENTIALITY_SYSTEMS } from './confidentiality.ts';

/** Labels that one clearance is for. */
export interface Clearance {
  /** Of its scope: "restricted" for `system/$label-restricted`. */
  readonly name: string;
  readonly labels: readonly Label[];
  /** Clearances that include this one. */
  readonly includedIn: readonly string[];
}

const confidentiality = (code: string): readonly Label[] => CONFIDENTIALITY_SYSTEMS.map((system) => ({ system, code }));

/** Those of every gateway: confidentiality R and V; who may see V may see R. */
export const CONFIDENTIALITY_CLEARANCES: readonly Clearance[] = [
  { name: 'restricted', labels: confidentiality('R'), includedIn: ['very-restricted'] },
  { name: 'very-restricted', labels: confidentiality('V'), includedIn: [] },
];

/** The operation scope's name. */
const clearanceScope = (name: string): string => `$label-${name}`;

/** @param exempt patients for whom glass was broken: their labels count for nothing */
export function labelRestriction(
  clearances: readonly Clearance[],
  { operations }: ScopeSet,
  exempt: (letter: ScopeLetter) => readonly string[],
  labelled: Labelled,
  records: InRecords,
): Restriction {
  const has = (name: string, letter: ScopeLetter) => ((operations.get(clearanceScope(name)) ?? 0) & letterBit(letter)) !== 0;
  const lacking = (letter: ScopeLetter) =>
    clearances.filter(({ name, includedIn }) => ![name, ...includedIn].some((each) => has(each, letter)));

  function narrow(type: string, letter: ScopeLetter): SearchExpression {
    const missing = isServersOwn(type) ? [] : lacking(letter);
    if (missing.length === 0) return EVERYTHING;
    // A Binary bears the labels of what guards it as well, which no search can ask for.
    if (type === 'Binary' && letter === 's') return NOTHING;
    const unlabelled = and(missing.map(({ labels }) => not(labelled(type, labels))));
    const exempted = exempt(letter);
    return exempted.length === 0 ? unlabelled : or([unlabelled, records.someOf(type, exempted)]);
  }

  return {
    name: 'labels',
    narrow,
    isInherited: true,
    explain(letter, resource) {
      const worn = clearances.filter(({ labels }) => matches(labelled(resource.type, labels), resource));
      if (worn.length === 0) return ['it bears no label that needs clearance'];
      return worn.map((each) => {
        const isCleared = !lacking(letter).includes(each);
        return `its label needs system/${clearanceScope(each.name)}.${letter}, which the token ${isCleared ? 'has' : 'lacks'}`;
      });
    },
  };
}
