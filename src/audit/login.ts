import { randomUUID } from 'node:crypto';
import type { AuditRecord } from './record.ts';

export interface Login {
  readonly interaction: 'login' | 'logout';
  /** 200, or 401 for a refused one. */
  readonly status: number;
}

/** The record of a login, a refused login or a log-off. `user` as it was typed. */
export function loginRecord(
  { interaction, status }: Login,
  { user = '', client = '', detail = '' }: { readonly user?: string; readonly client?: string; readonly detail?: string },
): Omit<AuditRecord, 'recorded'> {
  return {
    interaction,
    status,
    request: randomUUID(),
    client: client || user || 'anonymous',
    subject: user || 'anonymous',
    issuer: '',
    address: '',
    entities: [],
    patients: [],
    query: '',
    note: detail,
  };
}
