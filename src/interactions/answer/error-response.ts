/** Errors as answers: a known one says what is wrong, an unknown one is logged and says nothing. */
import { conflict, FhirError } from '../../model/error.ts';
import { CommitRefused } from '../../store/store.ts';
import type { FhirResponse } from '../request.ts';
import { outcomeText } from './outcome.ts';

export interface ErrorLog {
  error(message: string, details?: { readonly requestId?: string; readonly error?: unknown }): void;
}

const UNKNOWN = new FhirError(500, [
  { severity: 'fatal', code: 'exception', diagnostics: 'the server failed; its log has the reason under the id in X-Request-Id' },
]);

const DISTURBED = conflict('another request came in between; try again');

export function errorResponse(error: unknown, log: ErrorLog, requestId: string): FhirResponse {
  const { status, headers, issues } = knownError(error) ?? UNKNOWN;
  if (status === 500) log.error('a request failed for an unknown reason', { requestId, error });
  return { status, headers, body: { kind: 'fhir', text: outcomeText(issues) } };
}

/** The status that an error is answered with. */
export const statusOf = (error: unknown): number => (knownError(error) ?? UNKNOWN).status;

function knownError(error: unknown): FhirError | undefined {
  if (error instanceof FhirError) return error;
  return error instanceof CommitRefused ? DISTURBED : undefined;
}
