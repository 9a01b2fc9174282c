/** MongoDB's errors in our words. Nothing else looks at a driver error's code. */
import { MongoError, MongoErrorLabel, MongoNetworkError, MongoServerError, MongoServerSelectionError } from 'mongodb';
import { FhirError, timedOut, unavailable } from '../../model/error.ts';
import { CommitRefused } from '../store.ts';

const DUPLICATE_KEY = 11000;
/** Not primary, shutting down, stepped down, interrupted by a state change, no majority yet, an old route, socket trouble between members. */
const PRIMARY_IS_CHANGING = new Set([6, 7, 89, 91, 133, 134, 150, 189, 249, 262, 9001, 10058, 10107, 11600, 11602, 13388, 13435, 13436]);
/** What the balancing commands make of it: a lock is held, a move failed or is under way, its commit or a set-up step was cut off. */
const BALANCING_IS_DISTURBED = new Set([24, 46, 50, 96, 117, 125, 202, 236, 244, 251, 275, 290]);
const TIMED_OUT = 50;
const PRIMARY_STEPPED_DOWN = 189;
const WRITE_CONFLICT = 112;

/** True when a unique index refused the write: somebody else was first. */
export function isDuplicateKey(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === DUPLICATE_KEY;
}

/** The same for the code of one statement of a command. */
export function isDuplicateKeyCode(code: number | undefined): boolean {
  return code === DUPLICATE_KEY;
}

/** True when nobody can say whether the operation was carried out, or it was not: an idempotent one may be sent again. */
export function isTransient(error: unknown): boolean {
  if (error instanceof MongoNetworkError || error instanceof MongoServerSelectionError) return true;
  if (!(error instanceof MongoError)) return false;
  if (error.hasErrorLabel(MongoErrorLabel.RetryableWriteError)) return true;
  return typeof error.code === 'number' && isTransientCode(error.code);
}

/** The same for idempotent work on collections and their ranges, whose commands tell of a change of primary in words of their own. */
export function isPassingInSetUp(error: unknown): boolean {
  return isTransient(error) || (error instanceof MongoServerError && BALANCING_IS_DISTURBED.has(error.code as number));
}

/** For entries of a command that a shard has not carried out, or not for sure, because its primary is changing: transient. */
export const undecided = () => new MongoServerError({ message: 'the primary of a shard is changing', code: PRIMARY_STEPPED_DOWN });

/** True when the command ran out of its `maxTimeMS`. */
export function isTimeout(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === TIMED_OUT;
}

/** True for codes of a primary that is changing. */
export function isTransientCode(code: number): boolean {
  return PRIMARY_IS_CHANGING.has(code);
}

/** True when the whole transaction may be tried again from its start. */
export function isTransientTransaction(error: unknown): boolean {
  return error instanceof MongoError && error.hasErrorLabel(MongoErrorLabel.TransientTransactionError);
}

/** True when the commit was sent but its outcome isn't known: the commit may be sent again. */
export function isUnknownCommit(error: unknown): boolean {
  return error instanceof MongoError && error.hasErrorLabel(MongoErrorLabel.UnknownTransactionCommitResult);
}

const isWriteConflict = (error: unknown) => error instanceof MongoServerError && error.code === WRITE_CONFLICT;

/** What a caller of the store sees: our own errors as they are, an unreachable store as 503, anything else unchanged. */
export function translate(error: unknown): unknown {
  if (error instanceof FhirError || error instanceof CommitRefused) return error;
  if (isWriteConflict(error)) return unavailable('Other requests hold the same resources just now.', 1, error);
  if (isTransient(error) || isTransientTransaction(error) || isUnknownCommit(error))
    return unavailable('The clinical store has no primary to answer just now.', 2, error);
  if (isTimeout(error)) return timedOut('The clinical store did not answer in time.', { cause: error });
  return error;
}
