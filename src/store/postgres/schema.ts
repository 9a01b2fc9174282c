/**
 * The tables, for typed queries. Drizzle knows no partitions and no generated functions, so the DDL is written by hand in
 * migrations/postgres; a test holds the two equal.
 */
import {
  bigint,
  boolean,
  customType,
  index,
  integer,
  jsonb,
  type PgColumnBuilderBase,
  pgTable,
  primaryKey,
  text,
  timestamp,
} from 'drizzle-orm/pg-core';
import type { Role } from '../authorization.ts';
import { ADMINISTRATIVE_TABLES, type AdministrativeTable } from './business-date.ts';

const tsvector = customType<{ data: string }>({ dataType: () => 'tsvector' });

const instant = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });

const author = {
  byClient: text('by_client').notNull(),
  bySubject: text('by_subject').notNull(),
  byRequest: text('by_request').notNull(),
  method: text('method').notNull(),
};

/** Every resource that ever was: keeps `Type/id` unique over all partitions and says in which one it lies. */
export const resourceHead = pgTable(
  'resource_head',
  {
    type: text('type').notNull(),
    id: text('id').notNull(),
    rk: text('rk').notNull(),
    businessAt: instant('business_at').notNull(),
    version: integer('version').notNull(),
    at: bigint('at', { mode: 'number' }).notNull(),
    deleted: boolean('deleted').notNull(),
  },
  (table) => [primaryKey({ columns: [table.type, table.id] }), index('resource_head_at').on(table.type, table.at)],
);

/** Versions that are no longer current, and deletions. */
export const resourceHistory = pgTable(
  'resource_history',
  {
    type: text('type').notNull(),
    id: text('id').notNull(),
    version: integer('version').notNull(),
    rk: text('rk').notNull(),
    at: bigint('at', { mode: 'number' }).notNull(),
    /** `at` of the version that came after it; null for a deletion that stands. */
    replacedAt: bigint('replaced_at', { mode: 'number' }),
    deleted: boolean('deleted').notNull(),
    raw: text('raw').notNull(),
    ...author,
  },
  (table) => [primaryKey({ columns: [table.type, table.id, table.version] }), index('resource_history_at').on(table.type, table.at)],
);

/** Years that are taken out of a table, see `archive/archive.ts`. */
export const partitionArchive = pgTable('partition_archive', {
  partition: text('partition').primaryKey(),
  type: text('type').notNull(),
  startsAt: instant('starts_at').notNull(),
  endsAt: instant('ends_at').notNull(),
  state: text('state').notNull(),
  detachedAt: instant('detached_at').notNull().defaultNow(),
  columns: text('columns').array(),
  rows: bigint('rows', { mode: 'number' }),
  sha256: text('sha256'),
  file: text('file'),
});

const bytes = customType<{ data: Buffer }>({ dataType: () => 'bytea' });

/** The head of each gateway's chain of audit events, and how much of the gateway's queue it holds. */
export const auditChain = pgTable('audit_chain', {
  number: integer('number').primaryKey().generatedAlwaysAsIdentity(),
  name: text('name').notNull().unique(),
  openedAt: bigint('opened_at', { mode: 'number' }).notNull(),
  seq: bigint('seq', { mode: 'number' }).notNull(),
  hash: bytes('hash').notNull(),
  file: bigint('file', { mode: 'number' }).notNull(),
  position: bigint('position', { mode: 'number' }).notNull(),
  beatAt: bigint('beat_at', { mode: 'number' }),
  isClosed: boolean('is_closed').notNull().default(false),
  coveredAt: bigint('covered_at', { mode: 'number' }).notNull().default(0),
});

/** Signed heads of chains. */
export const auditRoot = pgTable(
  'audit_root',
  {
    chain: integer('chain').notNull(),
    seq: bigint('seq', { mode: 'number' }).notNull(),
    at: bigint('at', { mode: 'number' }).notNull(),
    signed: text('signed').notNull(),
  },
  (table) => [primaryKey({ columns: [table.chain, table.seq] })],
);

/** Audit events: a line of text each; partitioned by day. */
export const auditEvent = pgTable(
  'auditevent',
  {
    recordedAt: instant('recorded_at').notNull(),
    chain: integer('chain').notNull(),
    seq: bigint('seq', { mode: 'number' }).notNull(),
    record: text('record').notNull(),
    hash: bytes('hash').notNull(),
    keys: integer('keys').array().notNull(),
  },
  (table) => [primaryKey({ columns: [table.recordedAt, table.chain, table.seq] }), index('auditevent_keys').using('gin', table.keys)],
);

/** Answers of repeatable POSTs. */
export const idempotency = pgTable('idempotency', {
  key: text('key').primaryKey(),
  bodyHash: text('body_hash').notNull(),
  answer: text('answer').notNull(),
  at: instant('at').notNull().defaultNow(),
});

/** Grants, sessions, codes, refresh tokens and launches of the authorization server; ids of secrets are hashed. */
export const authorizationRecord = pgTable(
  'authorization_record',
  {
    model: text('model').notNull(),
    id: text('id').notNull(),
    grantId: text('grant_id'),
    uid: text('uid'),
    payload: jsonb('payload').$type<Readonly<Record<string, unknown>>>().notNull(),
    consumedAt: instant('consumed_at'),
    expiresAt: instant('expires_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.model, table.id] }),
    index('authorization_record_grant_id').on(table.grantId),
    index('authorization_record_uid').on(table.model, table.uid),
    index('authorization_record_expires_at').on(table.expiresAt),
  ],
);

/** People who log in at the authorization server. */
export const loginAccount = pgTable('login_account', {
  id: text('id').primaryKey(),
  login: text('login').notNull().unique(),
  displayName: text('display_name').notNull(),
  role: text('role').$type<Role>().notNull(),
  fhirUser: text('fhir_user'),
  passwordHash: text('password_hash').notNull(),
  totpSecret: text('totp_secret'),
  totpLastStep: bigint('totp_last_step', { mode: 'number' }).notNull().default(0),
  failures: integer('failures').notNull().default(0),
  lockedUntil: instant('locked_until'),
  isDisabled: boolean('disabled').notNull().default(false),
  isDemo: boolean('demo').notNull().default(false),
});

/** Apps and backend services that are registered with the authorization server. */
export const oauthClient = pgTable('oauth_client', {
  id: text('id').primaryKey(),
  metadata: jsonb('metadata').$type<Readonly<Record<string, unknown>>>().notNull(),
  isDemo: boolean('demo').notNull().default(false),
});

/** Current versions of one type; partitioned by `column`. */
function administrativeTable({ table, column, parameter }: AdministrativeTable) {
  const columns = {
    rk: text('rk').notNull(),
    id: text('id').notNull(),
    businessAt: instant(column).notNull(),
    endsAt: instant('ends_at').notNull(),
    version: integer('version').notNull(),
    at: bigint('at', { mode: 'number' }).notNull(),
    patient: text('patient'),
    raw: text('raw').notNull(),
    ...author,
    s: tsvector('s').notNull(),
    r: jsonb('r'),
    o: jsonb('o'),
  } satisfies Record<string, PgColumnBuilderBase>;
  return pgTable(table, columns, (made) => [
    primaryKey({ columns: [made.rk, made.id, made.businessAt] }),
    index(`${table}_ends_at`).on(made.endsAt),
    index(`${table}_s`).using('gin', made.s),
    ...(parameter === undefined ? [] : [index(`${table}_${column}`).on(made.businessAt)]),
  ]);
}

export const administrativeTables = new Map(ADMINISTRATIVE_TABLES.map((table) => [table.type, administrativeTable(table)]));
