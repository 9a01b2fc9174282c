/** What random consents deny, found in two ways. */
import { expect, test } from 'vitest';
import { createDice, type Dice } from '../../../tests/differential/dice.ts';
import {
  action,
  actor,
  coded,
  consent,
  DOCTOR,
  data,
  isDenied,
  klass,
  label,
  NOW,
  OTHER_DOCTOR,
  of,
  purpose,
  ruleOf,
  type Situation,
  TYPES,
} from '../../../tests/support/consents.ts';
import { seedFrom } from '../../../tests/support/random.ts';
import type { ConsentRule, Decision, Provision } from './rule.ts';

/** The rules once more, on one resource and without expressions. */
function decide(provision: Provision, about: Required<Omit<Situation, 'byDefault' | 'user'>> & { user: string }): Decision | undefined {
  const { actors, letters, types, labels, purposes, period, codes, dataTime, data: named } = provision;
  if (period && !(period.from <= NOW && NOW <= period.until)) return undefined;
  if (actors && about.user !== 'somebody' && actors.every(({ reference }) => reference !== about.user)) return undefined;
  if (letters && !letters.includes(about.letter)) return undefined;
  if (types && !types.includes(about.type)) return undefined;
  if (purposes && about.purposes.length > 0 && !purposes.some((each) => about.purposes.includes(each))) return undefined;
  const isUnsure = (purposes !== undefined && about.purposes.length === 0) || (actors !== undefined && about.user === 'somebody');
  const order = ['U', 'L', 'M', 'N', 'R', 'V'];
  const worn = about.labels.map((each) => order.indexOf(each));
  const fits = ({ code }: { code: string }) =>
    provision.decision === 'deny'
      ? worn.some((level) => level >= order.indexOf(code))
      : worn.every((level) => level <= order.indexOf(code));
  if (labels && !labels.some(fits)) return undefined;
  const isPerson = about.type === 'Patient';
  const has = (code: string) => codes?.some((each) => each.code === code);
  if (codes && (isPerson || !(has(about.code) || has(about.category)))) return undefined;
  const [from, until] = [Date.UTC(about.year, 0), Date.UTC(about.year + 1, 0) - 1];
  const isUndated = about.year === 0;
  if (dataTime && (isPerson || (!isUndated && (until < dataTime.from || from > dataTime.until)))) return undefined;
  const isNamed = (isCertain: boolean) =>
    named?.some(({ type, id, meaning }) => {
      if (meaning === 'authoredby')
        return about.type === 'Observation' ? about.author === `${type}/${id}` : about.type === 'Condition' && !isCertain;
      if (type === about.type && id === about.id) return true;
      if (meaning === 'dependents') return !isPerson && about.encounter === `${type}/${id}`;
      if (meaning !== 'related') return false;
      if (id === 'unknown') return !isCertain;
      return about.type === 'Observation' && (isCertain ? ['x'] : ['x', 'z']).includes(about.id);
    });
  if (named && !isNamed(false)) return undefined;
  const isOnlyPossible =
    (named && !isNamed(true)) ||
    (codes !== undefined && !has(about.code)) ||
    (dataTime !== undefined && (isUndated || from < dataTime.from || until > dataTime.until));
  const nested = provision.nested.map((each) => decide(each, about));
  const decision = nested.includes('deny') ? 'deny' : nested.includes('permit') ? 'permit' : provision.decision;
  return (isUnsure || isOnlyPossible) && decision === 'permit' ? undefined : decision;
}

const USERS = [DOCTOR, OTHER_DOCTOR, 'Practitioner/f'];
const PURPOSES = ['TREAT', 'HRESCH'];

function randomProvision(dice: Dice, depth: number): object {
  const some = <T extends object>(probability: number, made: () => T) => (dice.chance(probability) ? made() : {});
  return {
    type: dice.pick(['permit', 'deny']),
    ...some(0.4, () => actor(dice.pick(USERS))),
    ...some(0.4, () => klass(...dice.some(TYPES, 0.5), dice.pick(TYPES))),
    ...some(0.3, () => label(dice.pick(['N', 'R', 'V', 'L']))),
    ...some(0.3, () => purpose(dice.pick(PURPOSES))),
    ...some(0.2, () => action(dice.pick(['access', 'collect', 'correct']))),
    ...some(0.2, () => ({ period: { start: dice.pick(['2020', '2026-06-15', '2027']) } })),
    ...some(0.2, () => coded(...dice.some(['x', 'y'], 0.4), dice.pick(['x', 'y']))),
    ...some(0.2, () => of(...dice.pick<[string?, string?]>([['2024'], [undefined, '2024'], ['2024', '2024'], ['2024-03', '2025-03']]))),
    ...some(0.2, () =>
      data(
        ...dice.pick<[string, string]>([
          ['Observation/x', 'instance'],
          ['Encounter/e', 'dependents'],
          ['Encounter/stay', 'related'],
          ['Encounter/unknown', 'related'],
          [DOCTOR, 'authoredby'],
        ]),
      ),
    ),
    ...some(depth > 0 ? 0.6 : 0, () => ({
      provision: [randomProvision(dice, depth - 1), ...dice.times(1, () => randomProvision(dice, depth - 1))],
    })),
  };
}

test('4,000 random sets of consents, against the rules applied to one resource', () => {
  const seed = seedFrom('CONSENT_SEED');
  const dice = createDice(seed);
  for (let i = 0; i < 4_000; i++) {
    const consents = [
      consent(randomProvision(dice, 2)),
      ...dice.times(2, () => consent(randomProvision(dice, 2), { dateTime: dice.pick(['2025', '2026-03', '2099']) })),
    ];
    const about = {
      user: dice.pick([...USERS, 'somebody']),
      purposes: dice.chance(0.6) ? [dice.pick(PURPOSES)] : [],
      letter: dice.pick(['c', 'r', 'u', 'd', 's'] as const),
      type: dice.pick(TYPES),
      labels: dice.chance(0.6) ? [dice.pick(['N', 'R', 'V'])] : [],
      code: dice.pick(['', 'x', 'y']),
      category: dice.pick(['', 'x', 'y']),
      year: dice.pick([0, 2023, 2024, 2025]),
      id: dice.pick(['x', 'y', 'z']),
      encounter: dice.pick(['', 'Encounter/e', 'Encounter/f']),
      author: dice.pick(['', DOCTOR, OTHER_DOCTOR]),
    };
    const byDefault = dice.pick(['permit', 'deny'] as const);
    const newestFirst = consents
      .map((each, index) => ruleOf(each, `c${index}`, NOW + index) as ConsentRule)
      .sort((a, b) => b.at - a.at || b.updated - a.updated);
    const decisions = newestFirst.map(({ root }) => decide(root, about));
    const expected = (decisions.find(Boolean) ?? byDefault) === 'deny';
    expect(isDenied(consents, { ...about, byDefault }), `CONSENT_SEED=${seed} ${i} ${JSON.stringify({ consents, about, byDefault })}`).toBe(
      expected,
    );
  }
});
