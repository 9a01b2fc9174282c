import { describe, expect, test } from 'vitest';
import { loadDefinitions } from '../definitions/load.ts';
import { FhirError } from '../model/error.ts';
import { printExpression } from '../search/expression/print.ts';
import { createSearchRegistry } from '../search/parameters/registry.ts';
import { decideBy } from './decide-by.ts';
import { type InteractionCode, narrowAll, type Restriction } from './decision.ts';
import type { Principal } from './principal.ts';
import { parseScopes, type ScopeLetter } from './scopes.ts';

const definitions = loadDefinitions();
const decide = decideBy(definitions, {
  registry: createSearchRegistry(definitions),
  baseUrl: 'http://localhost/fhir/R4',
  now: () => Date.UTC(2026, 0),
});
const SOMEBODY = { client: 'c', subject: 's', issuer: 'i', expiresAt: 0 };

function decisionFor(scope: string, context: Partial<Principal> = {}, restrictions: readonly Restriction[] = []) {
  return decide({ ...SOMEBODY, ...context, scopes: parseScopes(scope, definitions.isResourceType) }, restrictions);
}

const INTERACTIONS: InteractionCode[] = [
  'create',
  'read',
  'vread',
  'history-instance',
  'update',
  'patch',
  'delete',
  'search-type',
  'history-type',
  'search-system',
  'history-system',
];

function allowed(scope: string, type = 'Patient'): string {
  return INTERACTIONS.filter((interaction) => decisionFor(scope).allows(type, interaction)).join(' ');
}

function refusal(act: () => void): FhirError {
  try {
    act();
  } catch (error) {
    if (error instanceof FhirError) return error;
  }
  throw new Error('was allowed');
}

describe('letters of a scope (SMART 2.2)', () => {
  test.each([
    ['system/Patient.c', 'create'],
    ['system/Patient.r', 'read vread history-instance'],
    ['user/Patient.u', 'update patch'],
    ['user/Patient.d', 'delete'],
    ['system/Patient.s', 'search-type history-type'],
    ['system/*.s', 'search-type history-type search-system history-system'],
    ['system/*.cruds', INTERACTIONS.join(' ')],
    ['system/Observation.cruds', ''],
    ['patient/*.cruds', ''],
    ['patient/Patient.cruds user/Patient.rs?activ=true', ''],
    ['user/Patient.rs?active=true', 'read vread history-instance search-type history-type'],
    ['system/$shard.cruds', ''],
    ['', ''],
  ])('%j allows: %s', (scope, interactions) => expect(allowed(scope)).toBe(interactions));

  test('one scope never widens another', () => {
    expect(decisionFor('patient/*.cruds user/Observation.r').allows('Patient', 'read')).toBe(false);
    expect(decisionFor('system/Patient.r system/Observation.d').allows('Patient', 'delete')).toBe(false);
  });

  test('batch, transaction and capabilities need none of their own', () => {
    const decision = decisionFor('');
    for (const interaction of ['batch', 'transaction', 'capabilities'] as const)
      expect(() => decision.require('', interaction)).not.toThrow();
  });
});

describe('what scopes reach', () => {
  const P = { patient: 'p' };
  const D = { fhirUser: 'Practitioner/d' };
  const SELF = { fhirUser: 'Patient/p' };
  const LAB_PARTS = '"Observation.category^http://x|laboratory" and "Observation.category~laboratory"';
  const LAB = `(${LAB_PARTS})`;
  test.each<[string, Partial<Principal>, string, ScopeLetter, string]>([
    ['system/*.rs', {}, 'Observation', 'r', 'everything'],
    ['user/Observation.read', D, 'Observation', 's', 'everything'],
    ['patient/*.rs', P, 'Observation', 'r', 'in Patient/p'],
    ['patient/*.rs', P, 'Patient', 's', 'in Patient/p'],
    ['patient/*.rs', {}, 'Observation', 'r', 'nothing'],
    ['patient/*.rs', P, 'Observation', 'u', 'nothing'],
    ['patient/*.cruds', P, 'Patient', 'u', 'ids[p]'],
    ['patient/*.cruds', P, 'Observation', 'c', 'in Patient/p'],
    ['patient/*.rs', P, 'Practitioner', 'r', 'nothing'],
    ['patient/Practitioner.rs', P, 'Practitioner', 'r', 'everything'],
    ['patient/Practitioner.cruds', P, 'Practitioner', 'u', 'nothing'],
    ['patient/Device.rs', P, 'Device', 'r', 'nothing'],
    ['patient/Subscription.rs', P, 'Subscription', 'r', 'nothing'],
    ['patient/*.rs user/Observation.rs', P, 'Observation', 'r', 'everything'],
    ['patient/*.rs user/Observation.rs', P, 'Condition', 'r', 'in Patient/p'],
    ['user/*.cruds', SELF, 'Observation', 'r', 'in Patient/p'],
    ['user/*.cruds', SELF, 'Organization', 'r', 'nothing'],
    ['user/*.cruds', { fhirUser: 'RelatedPerson/r' }, 'Observation', 'r', 'nothing'],
    ['user/*.cruds', { fhirUser: 'https://other.example/fhir/Patient/p' }, 'Observation', 'r', 'nothing'],
    ['user/*.cruds', { fhirUser: 'https://other.example/fhir/Practitioner/p' }, 'Observation', 'r', 'everything'],
    ['user/Observation.rs?category=http://x|laboratory', D, 'Observation', 'r', LAB],
    ['user/Observation.rs?category=http%3A%2F%2Fx%7Claboratory', D, 'Observation', 's', LAB],
    ['patient/Observation.rs?category=http://x|laboratory', P, 'Observation', 'r', `(${LAB_PARTS} and in Patient/p)`],
    [
      'user/Observation.rs?category=http://x|laboratory&status=final',
      D,
      'Observation',
      'r',
      `(${LAB_PARTS} and "Observation.status~final")`,
    ],
    ['user/Observation.rs?category=http://x|laboratory user/Observation.r', D, 'Observation', 'r', 'everything'],
    ['user/Observation.rs?category=http://x|laboratory user/Observation.r', D, 'Observation', 's', LAB],
    ['user/Observation.rs?category=http://x|laboratory&nonsense=1', D, 'Observation', 'r', 'nothing'],
    ['user/Observation.rs?_count=1', D, 'Observation', 'r', 'nothing'],
    ['user/Observation.rs?_type=Observation', D, 'Observation', 'r', 'nothing'],
    ['user/Observation.rs?_include=Observation:subject', D, 'Observation', 'r', 'nothing'],
    ['user/Observation.rs?category=%', D, 'Observation', 'r', 'nothing'],
    ['user/Observation.rs?category%3Anot=x', D, 'Observation', 'r', 'nothing'],
    ['user/Observation.rs?subject%2Ename=x', D, 'Observation', 'r', 'nothing'],
    ['user/Observation.rs?date=nonsense', D, 'Observation', 'r', 'nothing'],
    ['user/Observation.rs?_id=a,b', D, 'Observation', 'r', 'ids[a, b]'],
  ])('%s with %j: %s.%s is %s', (scope, context, type, letter, expected) => {
    expect(printExpression(decisionFor(scope, context).narrow(type, letter))).toBe(expected);
  });

  test('is worked out once', () => {
    const decision = decisionFor('patient/*.rs', P);
    expect(decision.narrow('Observation', 'r')).toBe(decision.narrow('Observation', 'r'));
  });

  test('is what every letter reaches where several are needed', () => {
    const decision = decisionFor('patient/*.r user/Observation.s?status=final', P);
    expect(printExpression(narrowAll(decision, 'Observation', ['r', 's']))).toBe('(in Patient/p and "Observation.status~final")');
    expect(narrowAll(decision, 'Condition', ['r', 's']).kind).toBe('and');
  });

  test('is narrowed by restrictions, never widened', () => {
    const sealed: Restriction = {
      name: 'sealed',
      narrow: (type) => (type === 'Condition' ? { kind: 'everything' } : { kind: 'not', of: { kind: 'equals', entry: 'x' } }),
    };
    const decision = decisionFor('patient/*.rs', P, [sealed]);
    expect(printExpression(decision.narrow('Observation', 'r'))).toBe('(not "x" and in Patient/p)');
    expect(printExpression(decision.narrow('Condition', 'r'))).toBe('in Patient/p');
    expect(decision.narrow('Practitioner', 'r').kind).toBe('nothing');
    expect(decision.rulesFor('Observation', 'r').map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'scope patient/*.rs',
      'restriction sealed',
    ]);
  });
});

describe('who may choose ids and what writes may refer to', () => {
  test('whoever sees a part of a type may not choose ids', () => {
    expect(decisionFor('user/*.cruds').mayChooseIds('Observation')).toBe(true);
    expect(decisionFor('patient/*.cruds', { patient: 'p' }).mayChooseIds('Observation')).toBe(false);
    expect(decisionFor('user/Observation.cruds?status=final').mayChooseIds('Observation')).toBe(false);
  });

  test('writes of a patient stay in the record, also beside scopes that reach further for reading', () => {
    const decision = decisionFor('patient/Observation.cruds user/Patient.rs', { patient: 'p' });
    expect(decision.recordOfWrites('Observation', 'c')).toBe('Patient/p');
    expect(decisionFor('user/*.cruds').recordOfWrites('Observation', 'c')).toBeUndefined();
  });

  test('Binaries are reached through their security context, never searched', () => {
    const decision = decisionFor('patient/*.rs', { patient: 'p' });
    expect([decision.allows('Binary', 'read'), decision.allows('Binary', 'search-type')]).toEqual([true, false]);
    expect([decision.narrow('Binary', 'r').kind, decision.followsSecurityContext('r')]).toEqual(['nothing', true]);
  });
});

describe('identity', () => {
  test('tells apart clients, users, patients and scopes, not their order', () => {
    const of = (scope: string, context: Partial<Principal> = {}) => decisionFor(scope, context).identity;
    const all = [
      of('patient/*.rs', { patient: 'p' }),
      of('patient/*.rs', { patient: 'q' }),
      of('patient/*.r', { patient: 'p' }),
      of('patient/*.rs', { patient: 'p', subject: 'other' }),
      of('patient/*.rs', { patient: 'p', client: 'other' }),
      of('patient/*.rs', { patient: 'p', issuer: 'other' }),
    ];
    expect(new Set(all).size).toBe(all.length);
    expect(of('user/Patient.r system/Claim.r')).toBe(of('system/Claim.r user/Patient.r'));
  });
});

describe('a refusal', () => {
  test('names the missing scope in words and in the challenge', () => {
    const error = refusal(() => decisionFor('system/Patient.r').require('Observation', 'create'));
    expect([error.status, error.message]).toEqual([403, 'The token lacks the scope system/Observation.c or user/Observation.c.']);
    expect(error.headers['WWW-Authenticate']).toBe('Bearer error="insufficient_scope", scope="system/Observation.c"');
    expect(refusal(() => decisionFor('').require('Patient', 'history-system')).message).toContain('system/*.s');
    const ofPatient = decisionFor('patient/Patient.r', { patient: 'p' });
    expect(refusal(() => ofPatient.require('Observation', 'create')).message).toBe('The token lacks the scope patient/Observation.c.');
    expect(refusal(() => ofPatient.require('Device', 'read')).message).toContain('system/Device.r');
  });

  test('says which scopes of the token count for nothing', () => {
    const { message } = refusal(() => decisionFor('patient/*.rs system/Patient.sr user/Patient.rs?nope=1').require('Patient', 'read'));
    expect(message).toContain('need a patient in the token and grant nothing without: patient/*.rs');
    expect(message).toContain('is not understood, so they grant nothing: user/Patient.rs?nope=1');
    expect(message).toContain('Not valid as SMART scopes: system/Patient.sr');
  });
});

describe('admin operations', () => {
  test('need their own scope; system/* does not include it', () => {
    expect(() => decisionFor('system/$shard.rs').requireOperation('shard', 'r')).not.toThrow();
    expect(() => decisionFor('system/$shard.rs').requireOperation('$shard', 's')).not.toThrow();
    expect(refusal(() => decisionFor('system/*.cruds').requireOperation('$shard', 'r')).message).toContain('system/$shard.r');
    expect(refusal(() => decisionFor('system/$shard.rs').requireOperation('$benchmark', 'c')).status).toBe(403);
    expect(decisionFor('system/$shard.cruds').allows('$shard', 'read')).toBe(false);
  });
});
