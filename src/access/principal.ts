import type { ScopeSet } from './scopes.ts';

/** Who sends a request: what a verified token says. */
export interface Principal {
  /** The OAuth client: `client_id`, else `azp`, else the subject. */
  readonly client: string;
  /** `sub`: the user, or the client itself for a backend service. */
  readonly subject: string;
  readonly issuer: string;
  readonly scopes: ScopeSet;
  /** The patient in context (SMART `patient`), a logical id. `patient/` scopes reach this patient's compartment. */
  readonly patient?: string;
  /** The encounter in context (SMART `encounter`), a logical id: told to the app, it restricts nothing. */
  readonly encounter?: string;
  /** Who the user is: "Practitioner/1" for a resource of this server, else a URL. A patient's `user/` scopes reach the own record only. */
  readonly fhirUser?: string;
  /** The token's `jti`, and the grant that it came of (`grant_id`), where its issuer tells: by these it can be revoked. */
  readonly tokenId?: string;
  readonly grant?: string;
  /** What for, by the claim `purpose_of_use`: codes of v3-ActReason. Absent: unknown. */
  readonly purposes?: readonly string[];
  /** When the token was issued, milliseconds since 1970. */
  readonly issuedAt?: number;
  /** When the token ends, milliseconds since 1970. */
  readonly expiresAt: number;
}
