/** The record of who did what. */
import type { Option } from './option.ts';

export const AUDIT = {
  audit: {
    kind: 'switch',
    env: 'AUDIT',
    flag: 'audit',
    default: true,
    description: 'Put every request on record as an `AuditEvent`. Without it nobody can tell who saw what: for measurements only.',
  },
  auditQueueMb: {
    kind: 'integer',
    env: 'AUDIT_QUEUE_MB',
    flag: 'audit-queue-mb',
    minimum: 1,
    maximum: 1_000_000,
    default: 256,
    unit: 'MB',
    description:
      'How much may wait in `<data-dir>/audit` while PostgreSQL takes no audit events; when it is full, requests are refused with 503.',
  },
  auditSyncMs: {
    kind: 'integer',
    env: 'AUDIT_SYNC_MS',
    flag: 'audit-sync-ms',
    minimum: 0,
    maximum: 60_000,
    default: 50,
    unit: 'ms',
    description:
      'Within what time an audit record that was written is forced to the disk: what a power cut (not a crash) may lose of the reads. 0 is before the answer.',
  },
} as const satisfies Record<string, Option>;
