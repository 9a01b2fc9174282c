/**
 * Breaking the glass: in an emergency consents and labels are set aside, for one patient, for a reason that is put on record.
 *
 * | header | says |
 * | --- | --- |
 * | `X-Purpose-Of-Use` | `BTG`, and nothing else: other purposes are claims of the token |
 * | `X-Purpose-Of-Use-Reason` | why, 10 to 500 characters, percent-encoded where not ASCII |
 * | `X-Purpose-Of-Use-Patient` | the patient's logical id, if the token has none in context |
 *
 * Needs the scope `system/$break-glass`, with the letters for which restrictions are to fall, and a token that is young.
 * It holds for the one request. Scopes hold as ever.
 *
 * @see https://terminology.hl7.org/CodeSystem-v3-ActReason.html BTG
 */
import type { IncomingHttpHeaders } from 'node:http';
import { forbidden, insufficientScope, invalidValue, missingValue } from '../model/error.ts';
import type { Principal } from './principal.ts';
import { letterBit, type ScopeLetter } from './scopes.ts';

export interface BrokenGlass {
  /** Whose data: "Patient/1". */
  readonly patient: string;
  readonly reason: string;
  /** The letters for which it counts. */
  readonly letters: readonly ScopeLetter[];
}

export const PURPOSE_HEADER = 'x-purpose-of-use';
const REASON_HEADER = 'x-purpose-of-use-reason';
export const PATIENT_HEADER = 'x-purpose-of-use-patient';
/** The scope is `system/$break-glass`. */
export const BREAK_GLASS = '$break-glass';

const LETTERS: readonly ScopeLetter[] = ['c', 'r', 'u', 'd', 's'];
const SHORTEST_REASON = 10;
const LONGEST_REASON = 500;

/**
 * What the headers ask for; undefined if nothing.
 * @param youngest tokens older than this many milliseconds don't do
 * @throws FhirError 400 for headers that don't fit, 403 without the scope or with an old token
 */
export function brokenGlass(
  headers: IncomingHttpHeaders,
  principal: Principal,
  { now, youngerThanMs }: { readonly now: number; readonly youngerThanMs: number },
): BrokenGlass | undefined {
  const purpose = headers[PURPOSE_HEADER];
  if (purpose === undefined) return undefined;
  if (purpose !== 'BTG')
    throw invalidValue(
      'X-Purpose-Of-Use may say BTG only; other purposes are the claim purpose_of_use of a token',
      'http.X-Purpose-Of-Use',
    );
  const bits = principal.scopes.operations.get(BREAK_GLASS) ?? 0;
  const scope = `system/${BREAK_GLASS}.rs`;
  if (bits === 0) throw insufficientScope(`The token lacks the scope ${scope}.`, scope);
  if (now - (principal.issuedAt ?? 0) > youngerThanMs)
    throw forbidden(`Glass is broken with a token that is younger than ${youngerThanMs / 60_000} minutes: log in again.`);
  return {
    patient: `Patient/${patientOf(headers, principal)}`,
    reason: reasonOf(headers),
    letters: LETTERS.filter((letter) => (bits & letterBit(letter)) !== 0),
  };
}

function patientOf(headers: IncomingHttpHeaders, { patient }: Principal): string {
  const named = headers[PATIENT_HEADER] ?? patient;
  if (named === undefined) throw missingValue('whose data? X-Purpose-Of-Use-Patient names the patient, by logical id');
  if (typeof named !== 'string' || !/^[A-Za-z0-9\-.]{1,64}$/.test(named))
    throw invalidValue('X-Purpose-Of-Use-Patient is no logical id', 'http.X-Purpose-Of-Use-Patient');
  if (patient !== undefined && named !== patient)
    throw invalidValue('X-Purpose-Of-Use-Patient is not the patient that the token is for', 'http.X-Purpose-Of-Use-Patient');
  return named;
}

function reasonOf(headers: IncomingHttpHeaders): string {
  const reason = statedReason(headers);
  if (reason.length < SHORTEST_REASON || reason.length > LONGEST_REASON)
    throw missingValue(`why? X-Purpose-Of-Use-Reason says it in ${SHORTEST_REASON} to ${LONGEST_REASON} characters`);
  return reason;
}

/** What the header says, whatever it is worth. */
export function statedReason(headers: IncomingHttpHeaders): string {
  const text = headers[REASON_HEADER];
  if (typeof text !== 'string') return '';
  try {
    return decodeURIComponent(text).trim();
  } catch {
    return text.trim();
  }
}
