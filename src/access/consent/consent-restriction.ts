/** What the consents of all patients leave somebody, as a restriction. */
import { tooCostly } from '../../model/error.ts';
import { isServersOwn } from '../../model/servers-own.ts';
import type { SearchExpression } from '../../search/expression/expression.ts';
import { and, EVERYTHING, NOTHING, not, or } from '../../search/expression/expression.ts';
import { type Matchable, matches } from '../../search/expression/match.ts';
import { printExpression } from '../../search/expression/print.ts';
import { simplify } from '../../search/plan/simplify.ts';
import type { Restriction } from '../decision.ts';
import type { ScopeLetter } from '../scopes.ts';
import type { AboutData } from './about-data.ts';
import { type Circumstances, deniedBy, mayDeny, oldestFirst, sayOf } from './denied.ts';
import type { InRecords } from './in-records.ts';
import type { ConsentRule, Decision, Provision } from './rule.ts';

interface ConsentPolicy {
  /** What holds for a patient whose consents say nothing. */
  readonly byDefault: Decision;
  readonly records: InRecords;
  readonly data: AboutData;
}

interface ConsentSubject {
  readonly circumstances: Circumstances;
  /** Patients whose consents do not restrict the subject: itself, or one for whom glass was broken. */
  readonly exempt: (letter: ScopeLetter) => readonly string[];
  /** True if Consent resources are reached whatever consents say: by those who keep them. */
  readonly keepsConsents: (letter: ScopeLetter) => boolean;
}

/** Patients whose consents restrict one token, at most: all of them are part of every search. */
const MOST_RESTRICTED = 5_000;

interface Denied {
  readonly condition: SearchExpression;
  readonly patients: string[];
}

export function consentRestriction(
  consents: ReadonlyMap<string, readonly ConsentRule[]>,
  { circumstances, exempt, keepsConsents }: ConsentSubject,
  { byDefault, records, data }: ConsentPolicy,
): Restriction {
  /** New data may come in about anybody: what the default keeps back is what is there. */
  const defaultFor = (letter: ScopeLetter): Decision => (letter === 'c' ? 'permit' : byDefault);
  const isFree = (type: string, letter: ScopeLetter) => isServersOwn(type) || (type === 'Consent' && keepsConsents(letter));

  function narrow(type: string, letter: ScopeLetter): SearchExpression {
    if (isFree(type, letter)) return EVERYTHING;
    // A Binary tells only through what guards it whose it is, which no search can ask.
    if (type === 'Binary' && letter === 's') return isAnyDenied() ? NOTHING : EVERYTHING;
    const exempted = exempt(letter);
    const denied = new Map<string, Denied>();
    const permitted = [...exempted];
    for (const [patient, rules] of consents) {
      if (exempted.includes(patient)) continue;
      const byRules = deniedBy(rules, defaultFor(letter), circumstances, { type, letter }, data);
      const condition = simplify(or([byRules, ...tellTales(type, rules)]));
      if (condition.kind !== 'everything') permitted.push(patient);
      if (condition.kind !== 'nothing') groupOf(condition, denied).patients.push(patient);
    }
    return leftOver(type, [...denied.values()], defaultFor(letter) === 'deny' ? permitted : undefined);
  }

  /** A Consent that says which data are denied tells of them to whom they are denied. */
  const tellTales = (type: string, rules: readonly ConsentRule[]): readonly SearchExpression[] => {
    const ids = type !== 'Consent' ? [] : rules.filter(({ root }) => namesData(root) && mayDeny(root, circumstances)).map(({ id }) => id);
    return ids.length === 0 ? [] : [{ kind: 'ids', ids }];
  };

  const isAnyDenied = () =>
    byDefault === 'deny' || [...consents.values()].some((rules) => rules.some(({ root }) => mayDeny(root, circumstances)));

  function leftOver(type: string, denied: readonly Denied[], only: readonly string[] | undefined): SearchExpression {
    const count = denied.reduce((sum, { patients }) => sum + patients.length, only?.length ?? 0);
    if (count > MOST_RESTRICTED)
      throw tooCostly(`the consents of more than ${MOST_RESTRICTED} patients restrict this token, which is more than a search can hold`);
    return and([
      ...(only ? [records.onlyOf(type, only)] : []),
      ...denied.map(({ condition, patients }) => not(and([records.someOf(type, patients), condition]))),
    ]);
  }

  function explain(letter: ScopeLetter, resource: Matchable): readonly string[] {
    const { type } = resource;
    if (isFree(type, letter)) return ['consents do not restrict who keeps them'];
    return resource.index.patients.flatMap((patient) => {
      if (exempt(letter).includes(patient)) return [`the consents of ${patient} do not restrict this token`];
      const said = oldestFirst(consents.get(patient) ?? []).toReversed();
      const reasons = said.map(({ id, version, at, root }) => {
        const { denies, permits } = sayOf(root, circumstances, { type, letter }, data);
        const verb = matches(denies, resource) ? 'denies it' : matches(permits, resource) ? 'permits it' : 'says nothing of it';
        return `Consent/${id}/_history/${version} of ${patient}, dated ${new Date(at).toISOString()}, ${verb}`;
      });
      const told = tellTales(type, said).some((each) => matches(each, resource));
      if (told) reasons.unshift('it tells which data it denies, and is hidden like them');
      return [...reasons, `without a consent that has a say, the default for ${patient} is ${defaultFor(letter)}`];
    });
  }

  return { name: 'consent', narrow, isInherited: true, explain };
}

function groupOf(condition: SearchExpression, denied: Map<string, Denied>): Denied {
  const name = printExpression(condition);
  const known = denied.get(name);
  if (known) return known;
  const made: Denied = { condition, patients: [] };
  denied.set(name, made);
  return made;
}

const namesData = ({ codes, dataTime, data, nested }: Provision): boolean =>
  codes !== undefined || dataTime !== undefined || data !== undefined || nested.some(namesData);
