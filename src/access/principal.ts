import type { ScopeSet } from './scopes.ts';

/** Who sends a request: what a verified token says. */
export interface Principal {
  /** The OAuth client: `client_id`, else `azp`, else the subject. */
  readonly client: string;
  /** `sub`: the user, or the client itself for a backend service. */
  readonly subject: string;
  readonly issuer: string;
  readonly scopes: ScopeSet;
  /** The patient in context (SMART `patient`), a logical id; carried for audit, grants nothing by itself. */
  readonly patient?: string;
  /** When the token ends, milliseconds since 1970. */
  readonly expiresAt: number;
}
