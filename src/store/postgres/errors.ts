/** PostgreSQL's errors in our words. Nothing else looks at a driver error's code. */
import { setTimeout as sleep } from 'node:timers/promises';
import { conflict, FhirError, invalidValue, timedOut, tooLarge, unavailable } from '../../model/error.ts';
import { CommitRefused } from '../store.ts';

const SOCKET_TROUBLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
/** Class 08, shutting down, crashed, starting up, too many connections. */
const SERVER_AWAY = /^(08...|57P0[1235]|53300)$/;
/** Words of node-postgres, which has no codes for them. */
const DRIVER_WORDS =
  /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed/;
/** Serialization failure, deadlock, lock timeout. */
const IN_THE_WAY = new Set(['40001', '40P01', '55P03']);

/** The SQLSTATE or system code of an error, '' if it has none. */
export function codeOf(error: unknown): string {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return typeof code === 'string' ? code : '';
}

/** True when the server can't be reached; whether it carried out the statement is then unknown. */
export function isConnectionLost(error: unknown): boolean {
  const code = codeOf(error);
  return SOCKET_TROUBLE.has(code) || SERVER_AWAY.test(code) || (code === '' && error instanceof Error && DRIVER_WORDS.test(error.message));
}

/** True when another transaction was in the way and this one, undone, may be tried again. */
export const isInTheWay = (error: unknown) => IN_THE_WAY.has(codeOf(error));

/** True when a row was meant for a year that is archived. */
const isForArchive = (error: unknown) => codeOf(error) === 'MRA01';

/** True when a value is at fault, so that the statement would pass without the row that holds it. */
export const isBadValue = (error: unknown) => error instanceof FhirError || isForArchive(error) || /^(22|54|23)/.test(codeOf(error));

/** True when a prepared transaction is not (any more) there. */
export const isNoSuchPrepared = (error: unknown) => codeOf(error) === '42704';
/** True when another session is about to finish the prepared transaction. */
export const isPreparedBusy = (error: unknown) => codeOf(error) === '55000';
/** True when a function is there with other columns or parameter names. */
export const isOtherSignature = (error: unknown) => codeOf(error) === '42P13';
/** True when a relation is there already. */
export const isDuplicateTable = (error: unknown) => codeOf(error) === '42P07';

/** What a caller of the store sees: our own errors as they are, an unreachable store as 503, a bad value as 400, else unchanged. */
export function translate(error: unknown): unknown {
  if (error instanceof FhirError || error instanceof CommitRefused) return error;
  const code = codeOf(error);
  if (isForArchive(error)) return conflict(`${(error as Error).message}: nothing of that year can be written until it is restored.`);
  if (isConnectionLost(error)) return unavailable('The administrative store (PostgreSQL) does not answer just now.', 2, error);
  if (isInTheWay(error)) return unavailable('Other requests hold the same records just now.', 1, error);
  if (code === '57014') return timedOut('The administrative store did not answer in time.', { cause: error });
  if (code.startsWith('53')) return unavailable('The administrative store is out of room.', 5, error);
  if (code === '22021' || code === '22P05') return invalidValue('A text holds a character that no FHIR text may, such as U+0000.');
  if (code.startsWith('54')) return tooLarge('The resource has more to index than the administrative store takes.');
  return error;
}

/** Runs `work`; what it throws is translated. */
export async function translating<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw translate(error);
  }
}

const ASK_AGAIN_AFTER_MS = [30, 150, 500];
/** Whoever waited so long for a connection does not try again. */
const PATIENCE_MS = 2_000;

/** Runs `work`, which only reads: again, a few times, when the connection breaks. What it throws is translated. */
export async function asking<T>(work: () => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  for (const pauseMs of ASK_AGAIN_AFTER_MS) {
    try {
      return await work();
    } catch (error) {
      if (!isConnectionLost(error) || performance.now() > giveUpAt) throw translate(error);
      await sleep(pauseMs);
    }
  }
  return translating(work);
}
