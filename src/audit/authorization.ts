/** What the authorization server does, as records: log-ins, consent, tokens, and patients that its pages show. */
import { randomUUID } from 'node:crypto';
import type { AuditRecord } from './record.ts';

/** `consent`: a person grants scopes or refuses; `token`: an app asks for a token or renews one; `revocation`: it ends one. */
export type AuthorizationInteraction = 'login' | 'logout' | 'consent' | 'token' | 'revocation';

interface AuthorizationDeed {
  /** The account's login, as it was typed if that was refused. */
  readonly user?: string | undefined;
  readonly client?: string | undefined;
  readonly address?: string | undefined;
  /** The patient in whose context it is done; a logical id. */
  readonly patient?: string | undefined;
  readonly detail?: string | undefined;
}

/** @param status 200, or 401 or 403 for what was refused */
export function authorizationRecord(
  interaction: AuthorizationInteraction,
  status: number,
  { user = '', client = '', address = '', patient, detail = '' }: AuthorizationDeed,
): Omit<AuditRecord, 'recorded'> {
  return {
    interaction,
    status,
    request: randomUUID(),
    client: client || user || 'anonymous',
    subject: user || client || 'anonymous',
    issuer: '',
    address,
    entities: [],
    patients: patient === undefined ? [] : [patient],
    query: '',
    note: detail,
  };
}

/** Patients whose name and date of birth were shown to a person who chooses one. `text` is what was looked for. */
export function patientsShownRecord(user: string, text: string, patients: readonly string[]): Omit<AuditRecord, 'recorded'> {
  const query = `GET Patient${text && `?${new URLSearchParams({ name: text })}`}`;
  const shown = authorizationRecord('login', 200, { user, client: 'authorization-server', detail: 'to choose the patient of an app' });
  return { ...shown, interaction: 'search-type', entities: ['Patient'], patients, query };
}
