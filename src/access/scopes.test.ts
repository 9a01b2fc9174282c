import { describe, expect, test } from 'vitest';
import { pick, type Random, randomFrom, testSeed } from '../model/json-random.ts';
import { letterBit, parseScope, parseScopes, type ScopeLetter } from './scopes.ts';

const TYPES = ['Patient', 'Observation', 'Encounter', 'Claim', 'List'];
const isType = (type: string) => TYPES.includes(type);
const ROUNDS = 40_000;

function lettersOf(scope: string): string | undefined {
  const grant = parseScope(scope, isType);
  if (!grant) return undefined;
  return [...'cruds'].filter((letter) => grant.bits & letterBit(letter as ScopeLetter)).join('');
}

describe('the SMART scope grammar', () => {
  test.each([
    ['system/*.cruds', 'cruds'],
    ['user/Patient.r', 'r'],
    ['user/Patient.cs', 'cs'],
    ['patient/Observation.rs', 'rs'],
    ['system/Claim.read', 'rs'],
    ['system/Claim.write', 'cud'],
    ['system/*.*', 'cruds'],
    ['system/$shard.rs', 'rs'],
    ['patient/Observation.rs?category=http://x|laboratory&status=final', 'rs'],
  ])('%s grants %s', (scope, letters) => expect(lettersOf(scope)).toBe(letters));

  test.each([
    'system/Patient.',
    'system/Patient',
    'system/Patient.sr',
    'system/Patient.rr',
    'system/Patient.dus',
    'system/Patient.R',
    'system/Patient.reads',
    'system/Patient.rsXYZ',
    'xsystem/Patient.rs',
    ' system/Patient.rs',
    'system/Patient.rs\n',
    'system/patient.rs',
    'system/Patients.rs',
    'system/*Patient.rs',
    'System/Patient.rs',
    'system//Patient.rs',
    'system/Patient.*s',
    'system/Patient.read?active=true',
    'system/*.rs?active=true',
    'patient/Observation.rs?active',
    'patient/Observation.rs?',
    'patient/Observation.rs?a=',
    'patient/Observation.rs?=a',
    'patient/Observation.rs?a=b&',
    'patient/Observation.rs?a=b?c=d',
    'patient/Observation.rs?code:in=x',
    'patient/Observation.rs?subject.name=x',
    'patient/Observation.rs?_has:Observation:patient:code=x',
    'user/$shard.rs',
    'patient/$shard.rs',
    'system/$.rs',
    'system/$Shard.rs',
    'system/$shard.rs?a=b',
    'system/$shard',
    'system/constructor.rs',
    'system/Patient.constructor',
  ])('%j grants nothing', (scope) => expect(parseScope(scope, isType)).toBeUndefined());

  test('agrees with a second, independent recogniser', () => {
    const seed = testSeed();
    const random = randomFrom(seed);
    const seen = { accepted: 0, refused: 0 };
    for (let round = 0; round < ROUNDS; round++) {
      const scope = generated(random);
      const expected = recognise(scope);
      expect(lettersOf(scope), `seed ${seed}: ${scope}`).toBe(expected);
      seen[expected === undefined ? 'refused' : 'accepted']++;
    }
    expect(Math.min(seen.accepted, seen.refused)).toBeGreaterThan(ROUNDS / 10);
  });
});

describe('parseScopes', () => {
  test('keeps operations apart, and what grants nothing', () => {
    const set = parseScopes(
      'openid  launch/patient system/Patient.r user/Patient.s patient/*.rs user/Claim.rs?status=active system/Nope.r system/$shard.r',
      isType,
    );
    expect(set.grants.map(({ scope }) => scope)).toEqual([
      'system/Patient.r',
      'user/Patient.s',
      'patient/*.rs',
      'user/Claim.rs?status=active',
    ]);
    expect([...set.operations]).toEqual([['$shard', letterBit('r')]]);
    expect(set.refused).toEqual(['system/Nope.r']);
  });

  test('grants nothing from a claim over 4 kB', () => {
    const set = parseScopes(`system/*.cruds ${'x'.repeat(4096)}`, isType);
    expect([set.grants.length, set.refused.length]).toEqual([0, 1]);
  });

  test('stays quick on hostile text', () => {
    const start = performance.now();
    for (const text of ['patient/Observation.rs?'.concat('a=b&'.repeat(1000)), 'system/'.concat('A'.repeat(4000)), '?'.repeat(4096)])
      parseScopes(text, isType);
    expect(performance.now() - start).toBeLessThan(100);
  });
});

/** Pieces of the grammar put together, then often damaged by one change. */
function generated(random: Random): string {
  const context = pick(random, ['patient', 'user', 'system', 'system', 'launch', 'Patient']);
  const target = pick(random, [...TYPES, '*', '$shard', '$replica', 'Nope', 'patient', '']);
  const letters = [...'cruds'].filter(() => random() < 0.4).join('');
  const permissions = pick(random, [letters, letters, letters, 'read', 'write', '*', letters + letters, [...letters].reverse().join('')]);
  const query =
    random() < 0.3 ? `?${pick(random, ['a=b', 'code=x|y', 'a=b&_c-d=e', 'a', '=b', 'a=b&', 'a:x=b', 'a.b=c', 'a=b=c', 'é=b'])}` : '';
  const scope = `${context}/${target}.${permissions}${query}`;
  if (random() < 0.5) return scope;
  const at = Math.floor(random() * (scope.length + 1));
  const noise = pick(random, ['', '/', '.', '?', '*', 'r', 's', 'c', '$', '\n', '&', '=', 'é']);
  return scope.slice(0, at) + noise + scope.slice(at + (random() < 0.5 ? 1 : 0));
}

/** The grammar read character by character, without the parser's expressions. */
function recognise(scope: string): string | undefined {
  const slash = scope.indexOf('/');
  const context = slash < 0 ? '' : scope.slice(0, slash);
  if (context !== 'patient' && context !== 'user' && context !== 'system') return undefined;
  const question = scope.indexOf('?', slash);
  const resource = question < 0 ? scope.slice(slash + 1) : scope.slice(slash + 1, question);
  const dot = resource.indexOf('.');
  if (dot < 0) return undefined;
  const target = resource.slice(0, dot);
  const permissions = resource.slice(dot + 1);
  const isOperation = target[0] === '$' && context === 'system' && isOperationName(target.slice(1));
  if (target !== '*' && !isOperation && !TYPES.includes(target)) return undefined;
  const version1 = permissions === 'read' ? 'rs' : permissions === 'write' ? 'cud' : permissions === '*' ? 'cruds' : undefined;
  if (question >= 0 && (version1 || target === '*' || isOperation || !isQuery(scope.slice(question + 1)))) return undefined;
  if (version1) return version1;
  let last = -1;
  for (const letter of permissions) {
    const rank = ['c', 'r', 'u', 'd', 's'].indexOf(letter);
    if (rank <= last) return undefined;
    last = rank;
  }
  return last < 0 ? undefined : permissions;
}

function isOperationName(name: string): boolean {
  if (name === '' || !between(name[0], 'a', 'z')) return false;
  return [...name].every((c) => between(c, 'a', 'z') || between(c, '0', '9') || c === '-');
}

function isQuery(query: string): boolean {
  if (query.includes('?')) return false;
  return query.split('&').every((pair) => {
    const parts = pair.split('=');
    const [name = '', value = ''] = parts;
    const isName = [...name].every(
      (c, i) => between(c, 'a', 'z') || between(c, 'A', 'Z') || c === '_' || (i > 0 && (between(c, '0', '9') || c === '-')),
    );
    return parts.length === 2 && name !== '' && value !== '' && isName;
  });
}

function between(character: string | undefined, low: string, high: string): boolean {
  return character !== undefined && character.length === 1 && character >= low && character <= high;
}
