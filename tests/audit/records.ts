/** Records of random requests, with near misses among them. */
import type { AuditRecord } from '../../src/audit/record.ts';
import type { createRandom } from '../support/random.ts';

const INTERACTIONS = [
  'read',
  'vread',
  'create',
  'update',
  'delete',
  'search-type',
  '$everything',
  'login',
  'consent',
  'token',
  'revocation',
  'transaction',
  '',
];

/** `n` makes time and request id; several records may share a millisecond. */
export function randomRecord({ pick, below }: ReturnType<typeof createRandom>, n: number): AuditRecord {
  const client = pick(['app', 'app-1', 'App', 'a|b', 'ü "x" \\ \t']);
  return {
    recorded: Date.UTC(2026, 4, 1) + Math.floor(n / 3) * 40_000_000,
    interaction: pick(INTERACTIONS),
    status: pick([200, 200, 200, 201, 304, 401, 403, 404, 412, 500, 503]),
    request: `request-${n}`,
    client,
    subject: pick([client, 'dr-a', 'dr-b', '']),
    issuer: pick(['', 'https://idp.test', 'https://other.test']),
    address: pick(['', '127.0.0.1', '::1']),
    entities: Array.from({ length: below(3) }, () =>
      pick(['Observation/1', 'Observation/1/_history/2', 'Observation/11', 'Patient/p1/_history/1', 'Patient']),
    ),
    patients: [...new Set(Array.from({ length: below(4) }, () => pick(['p1', 'p2', 'p11', 'P1'])))],
    query: pick(['', 'GET Patient?name=x', 'POST Observation/_search code=a%7Cb']),
    note: pick(['', 'BTG:the patient is unconscious']),
  };
}
