/** What can go wrong between a client and the shards, and how it is told. */
import { serialize } from 'bson';
import { errorCodeOf, errorTextOf, type Reply } from './wire/reply.ts';
import { messageOf } from './wire/wire.ts';

type ErrorLabel = 'TransientTransactionError' | 'RetryableWriteError' | 'UnknownTransactionCommitResult' | 'ResumableChangeStreamError';

/** Codes of MongoDB's `error_codes.yml`. */
export const CODE = {
  badValue: 2,
  hostUnreachable: 6,
  illegalOperation: 20,
  namespaceNotFound: 26,
  cursorNotFound: 43,
  commandNotFound: 59,
  shardKeyNotFound: 61,
  shardNotFound: 70,
  invalidOptions: 72,
  noSuchTransaction: 251,
} as const;

const NAMES: Readonly<Record<number, string>> = {
  2: 'BadValue',
  6: 'HostUnreachable',
  8: 'UnknownError',
  20: 'IllegalOperation',
  26: 'NamespaceNotFound',
  43: 'CursorNotFound',
  59: 'CommandNotFound',
  61: 'ShardKeyNotFound',
  70: 'ShardNotFound',
  72: 'InvalidOptions',
  251: 'NoSuchTransaction',
};

/** The command is refused by the router. */
export class Refusal extends Error {
  readonly code: number;
  readonly labels: readonly ErrorLabel[];

  constructor(code: number, message: string, labels: readonly ErrorLabel[] = []) {
    super(message);
    this.code = code;
    this.labels = labels;
  }
}

/** A shard says that our routing table (13388, StaleConfig) or database version (249) is out of date. */
export class StaleRoute extends Error {}

/** A shard answered with an error that concerns the client. */
export class ShardError extends Error {
  readonly reply: Reply;

  constructor(reply: Reply) {
    super(errorTextOf(reply));
    this.reply = reply;
  }

  get code(): number {
    return errorCodeOf(this.reply);
  }
}

const STALE_CODES = new Set([150, 249, 13388]);
const PRIMARY_CHANGE_CODES = new Set([91, 189, 10058, 10107, 11600, 11602, 13435, 13436]);
/** The whole transaction may be tried again: lock time-out, conflict, lost on a change of primary, stale, snapshot gone. */
const TRANSIENT_CODES = new Set([6, 7, 24, 89, 91, 112, 150, 189, 239, 246, 249, 251, 9001, 10107, 11600, 11602, 13388, 13435, 13436]);

export function isStaleCode(code: number): boolean {
  return STALE_CODES.has(code);
}

export function isPrimaryChangeCode(code: number): boolean {
  return PRIMARY_CHANGE_CODES.has(code);
}

export function isTransientCode(code: number): boolean {
  return TRANSIENT_CODES.has(code);
}

export function errorReply(code: number, errmsg: string, labels: readonly string[] = []): Buffer {
  const codeName = NAMES[code] ?? `Location${code}`;
  return messageOf(serialize({ ok: 0, errmsg, code, codeName, ...(labels.length > 0 && { errorLabels: labels }) }), 0, 0);
}
