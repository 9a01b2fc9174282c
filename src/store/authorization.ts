/**
 * What the embedded authorization server keeps: accounts, clients, and short-lived records (grants, sessions, codes,
 * refresh tokens, launches). Each method that decides who is first is one atomic statement.
 */

export const ROLES = ['doctor', 'nurse', 'admin', 'patient'] as const;
export type Role = (typeof ROLES)[number];

/** A person who can log in. */
export interface Account {
  /** The `sub` of tokens; never used again for somebody else. */
  readonly id: string;
  /** What is typed to log in; lower case. */
  readonly login: string;
  readonly displayName: string;
  readonly role: Role;
  /** "Practitioner/123" or, for a patient, "Patient/123". */
  readonly fhirUser?: string;
  /** argon2id in PHC form. */
  readonly passwordHash: string;
  /** Base32; required for admins. */
  readonly totpSecret?: string;
  /** The last time step whose code was used: a code works once. */
  readonly totpLastStep: number;
  /** Failures since the last success. */
  readonly failures: number;
  readonly lockedUntil?: Date;
  readonly isDisabled: boolean;
  readonly isDemo: boolean;
}

/** A registered app or backend service: OAuth client metadata with the names of RFC 7591. */
export interface RegisteredClient {
  readonly id: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly isDemo: boolean;
}

/** A record of one `model` ("Grant", "RefreshToken", …). Ids are hashed before they come here where they are secrets. */
export interface AuthorizationRecord {
  readonly payload: Readonly<Record<string, unknown>>;
  readonly consumedAt?: Date;
  readonly expiresAt: Date;
}

export interface NewRecord {
  readonly model: string;
  readonly id: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly grantId?: string;
  readonly uid?: string;
  readonly expiresAt: Date;
}

export interface AuthorizationStore {
  /** The record, unless it has expired. */
  find(model: string, id: string): Promise<AuthorizationRecord | undefined>;
  findByUid(model: string, uid: string): Promise<AuthorizationRecord | undefined>;
  /** All of a model that have not expired, with their ids: for models of which there are few. */
  alive(model: string): Promise<readonly (AuthorizationRecord & { readonly id: string })[]>;
  /** Writes or overwrites. */
  put(record: NewRecord): Promise<void>;
  /** Writes if there is none with that model and id: false if there is. Of several at once, one gets true. */
  insert(record: NewRecord): Promise<boolean>;
  /** Marks it used: false if it was before or is not there. Of several at once, one gets true. */
  consume(model: string, id: string): Promise<boolean>;
  remove(model: string, id: string): Promise<void>;
  /** Removes everything that came of a grant. */
  removeGrant(grantId: string): Promise<void>;
  /** Lets a record live on. */
  extend(model: string, uid: string, expiresAt: Date): Promise<void>;

  accountByLogin(login: string): Promise<Account | undefined>;
  accountById(id: string): Promise<Account | undefined>;
  accounts(): Promise<readonly Account[]>;
  /** False if the login is taken. */
  addAccount(account: Account): Promise<boolean>;
  /** Disables it and removes its grants and sessions. False if there is none. */
  disableAccount(login: string): Promise<boolean>;
  /** Counts a failure; from the `most`th on, locks until `lockedUntil`. */
  countFailure(id: string, most: number, lockedUntil: Date): Promise<void>;
  clearFailures(id: string): Promise<void>;
  /** Notes that the code of a time step was used: false if that one or a later one was. */
  useTotpStep(id: string, step: number): Promise<boolean>;

  client(id: string): Promise<RegisteredClient | undefined>;
  clients(): Promise<readonly RegisteredClient[]>;
  /** False if the id is taken. */
  addClient(client: RegisteredClient): Promise<boolean>;
  /** Removes it and what was granted to it. False if there is none. */
  removeClient(id: string): Promise<boolean>;
  removeDemo(): Promise<void>;

  /** Removes what has expired. Gives how many. */
  sweep(now: Date): Promise<number>;
}
