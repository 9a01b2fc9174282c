/** What the composition root gives the authorization server. */
import type { IncomingMessage } from 'node:http';
import type { LocalIssuer } from '../access/local-key.ts';
import type { Account, AuthorizationStore } from '../store/authorization.ts';
import type { PatientChoice } from './pages/pages.ts';
import type { Revocations } from './revocations.ts';
import type { IsResourceType } from './scopes/narrow-scopes.ts';
import type { ScopesByRole } from './scopes/roles.ts';

interface FoundPatients {
  readonly patients: readonly PatientChoice[];
  readonly hasMore: boolean;
}

/** Something that an administrator may want to know; never a password or a token. */
export interface AuthorizationEvent {
  readonly kind: 'login' | 'login-refused' | 'logout' | 'grant' | 'refused' | 'token' | 'token-refused' | 'revoked' | 'error';
  /** The account's login, as typed when it was refused. */
  readonly user?: string;
  readonly client?: string;
  /** IP address of the browser, or of the app. */
  readonly address?: string;
  /** In context; a logical id. */
  readonly patient?: string;
  readonly detail?: string;
  readonly error?: unknown;
}

/** In whose name patients are looked for: what they may not see, by consents and labels, is not shown. */
type Person = Pick<Account, 'login' | 'fhirUser'>;

export interface AuthorizationOptions {
  readonly store: AuthorizationStore;
  readonly issuer: LocalIssuer;
  readonly revocations: Revocations;
  /** The `iss` of tokens. */
  readonly issuerUrl: string;
  /** The `aud` of tokens, and what `aud` must be in requests. */
  readonly fhirBaseUrl: string;
  readonly isResourceType: IsResourceType;
  /** Names of the operations that administrators may have scopes for, without `$`. */
  readonly operations: () => readonly string[];
  /** What settings let people of a role grant besides. */
  readonly scopesByRole?: ScopesByRole;
  /** Searches patients for the page where one is chosen; an empty text finds some. */
  readonly findPatients: (text: string, user: Person) => Promise<FoundPatients>;
  /** One patient by id. */
  readonly readPatient: (id: string, user: Person) => Promise<PatientChoice | undefined>;
  /** Origins on private addresses from which key sets may be read: "https://keys.hospital.example". */
  readonly privateKeyOrigins: readonly string[];
  /** Let demo accounts log in. */
  readonly allowDemo: boolean;
  /** Awaited before the first request is answered. */
  readonly beforeFirstUse: () => Promise<void>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Counts a token request of the client that it names. @throws Error with `status` and `headers` when that is too many */
  readonly chargeClient?: (address: string, client: string) => Promise<void>;
  /** Called before what happened is answered; where it throws, it has not happened. */
  readonly report: (event: AuthorizationEvent) => void;
  /** The IP address of whoever asks; default: the next hop's. */
  readonly addressOf?: (incoming: IncomingMessage) => string;
}

/** Lifetimes in seconds. */
export const LIFETIMES = {
  accessToken: 900,
  /** SMART: no more than 300 for backend services. */
  serviceToken: 300,
  code: 60,
  interaction: 1800,
  /** Log-off after that long without use. */
  session: 900,
  /** With `online_access`, as long as the session is kept in use, at most: */
  onlineRefresh: 43_200,
  offlineRefresh: 7_776_000,
} as const;
