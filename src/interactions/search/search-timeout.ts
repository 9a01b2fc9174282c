/** Searches that ran out of time say which search it was. */
import { FhirError, timedOut } from '../../model/error.ts';
import type { FhirRequest } from '../request.ts';

/** Enough to know the search again. */
const MOST_NAMES = 20;

/** The error itself, or of one that ran out of time the same with the names of the search's parameters; never their values. */
export function namedTimeout(error: unknown, pairs: FhirRequest['query']): unknown {
  if (!(error instanceof FhirError) || !error.issues.some(({ code }) => code === 'timeout')) return error;
  const names = [...new Set(pairs.map(([name]) => name))];
  if (names.length === 0) return error;
  const told = names.slice(0, MOST_NAMES);
  const rest = names.length > told.length ? ` and ${names.length - told.length} more` : '';
  return timedOut(`${error.message} The search was by ${told.join(', ')}${rest}; narrow it, or ask for less.`, {
    expression: told,
    cause: error,
  });
}
