import { describe, expect, test } from 'vitest';
import { FhirError } from '../model/error.ts';
import { decide, type InteractionCode } from './decision.ts';
import { parseScopes } from './scopes.ts';

const isType = (type: string) => ['Patient', 'Observation'].includes(type);

function decisionFor(scope: string) {
  return decide({ client: 'c', subject: 's', issuer: 'i', expiresAt: 0, scopes: parseScopes(scope, isType) });
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
    ['patient/Patient.cruds user/Patient.rs?active=true', ''],
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

describe('a refusal', () => {
  test('names the missing scope in words and in the challenge', () => {
    const error = refusal(() => decisionFor('system/Patient.r').require('Observation', 'create'));
    expect([error.status, error.message]).toEqual([403, 'The token lacks the scope system/Observation.c or user/Observation.c.']);
    expect(error.headers['WWW-Authenticate']).toBe('Bearer error="insufficient_scope", scope="system/Observation.c"');
    expect(refusal(() => decisionFor('').require('Patient', 'history-system')).message).toContain('system/*.s');
  });

  test('says which scopes of the token count for nothing', () => {
    const { message } = refusal(() => decisionFor('patient/*.rs system/Patient.sr').require('Patient', 'read'));
    expect(message).toContain('not enforced yet and grant nothing: patient/*.rs');
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
