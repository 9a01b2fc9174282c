import { expect, test } from 'vitest';
import { narrowScopes } from './narrow-scopes.ts';

const isType = (type: string) => ['Patient', 'Observation', 'Condition', 'AuditEvent'].includes(type);
const narrow = (asked: string, allowed: string) => narrowScopes(asked.split(' '), allowed.split(' '), isType).join(' ');

test.each([
  ['user/*.cruds', 'user/*.cruds', 'user/*.cruds'],
  ['user/*.cruds', 'user/*.rs', 'user/*.rs'],
  ['user/*.cruds', 'user/Observation.rs user/Patient.c', 'user/Observation.rs user/Patient.c'],
  ['user/Observation.read', 'user/*.cruds', 'user/Observation.read'],
  ['user/Observation.write', 'user/*.rs user/Observation.c', 'user/Observation.c'],
  ['user/Observation.*', 'user/Observation.rs', 'user/Observation.rs'],
  ['user/Observation.crs', 'user/*.rs user/Observation.c', 'user/Observation.crs'],
  ['user/Observation.rs?category=lab', 'user/*.rs', 'user/Observation.rs?category=lab'],
  ['user/Observation.rs', 'user/Observation.rs?category=lab', 'user/Observation.rs?category=lab'],
  ['user/Observation.rs?category=lab', 'user/Observation.rs?category=vitals', ''],
  ['patient/*.rs', 'user/*.cruds', ''],
  ['system/$shard.rs', 'system/*.cruds', ''],
  ['system/AuditEvent.rs', 'system/*.cruds', ''],
  ['system/*.rs', 'system/AuditEvent.rs', ''],
  ['system/AuditEvent.rs', 'system/*.cruds system/AuditEvent.rs', 'system/AuditEvent.rs'],
  ['system/$shard.cruds', 'system/$shard.rs', 'system/$shard.rs'],
  ['openid launch', 'openid', 'openid'],
  ['user/Unknown.rs user/Observation.sr', 'user/*.cruds', ''],
  ['user/Observation.rs user/Observation.rs', 'user/*.rs', 'user/Observation.rs'],
])('of %s, with %s allowed: %j', (asked, allowed, given) => expect(narrow(asked, allowed)).toBe(given));
