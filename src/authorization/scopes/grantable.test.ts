import { describe, expect, test } from 'vitest';
import { allowedToClient, grantable } from './grantable.ts';

const isType = (type: string) => ['Patient', 'Observation', 'AuditEvent'].includes(type);
const toClient = (asked: string, registered: string, isService = false) => allowedToClient(asked.split(' '), registered, isService, isType);
const byRole = (asked: string, role: 'admin' | 'doctor') => grantable(asked.split(' '), { role }, {}, ['shard'], isType).scopes;

describe('who reads the audit by the embedded server', () => {
  test('a service that is registered for it by name, not by system/*', () => {
    expect(toClient('system/AuditEvent.rs', 'system/AuditEvent.rs', true)).toEqual(['system/AuditEvent.rs']);
    expect(toClient('system/AuditEvent.rs', 'system/*.cruds', true)).toEqual([]);
  });

  test('an admin by an app that is registered for it, nobody else', () => {
    expect(toClient('system/AuditEvent.rs system/Observation.rs', 'system/AuditEvent.rs system/*.rs')).toEqual(['system/AuditEvent.rs']);
    expect(byRole('system/AuditEvent.rs system/$shard.r', 'admin')).toEqual(['system/AuditEvent.rs', 'system/$shard.r']);
    expect(byRole('system/AuditEvent.rs user/AuditEvent.rs', 'doctor')).toEqual([]);
  });
});
