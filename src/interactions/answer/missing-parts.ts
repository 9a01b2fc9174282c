/**
 * What an answer does without because a shard or a store does not answer: told in the answer, never left out in silence.
 * With `Prefer: handling=strict` the request is refused with 503 instead.
 */
import { FhirError, type Issue } from '../../model/error.ts';
import type { FhirRequest } from '../request.ts';

export interface MissingParts {
  /** For stores: called with a sentence that says what is missing. Undefined where all or nothing is wanted. */
  readonly tell: ((why: string) => void) | undefined;
  /** The result, or undefined if a store does not answer and the answer may do without. @throws what `work` does, otherwise */
  orWithout<Result>(work: Promise<Result>): Promise<Result | undefined>;
  /** Warnings for the answer. */
  issues(): Issue[];
}

export function missingParts({ prefer }: Pick<FhirRequest, 'prefer'>): MissingParts {
  const reasons = new Set<string>();
  const tell = prefer.handling === 'strict' ? undefined : (why: string) => void reasons.add(why);
  return {
    tell,
    orWithout: (work) =>
      work.catch((error: unknown) => {
        if (!tell || !(error instanceof FhirError) || error.status !== 503) throw error;
        tell(error.message);
        return undefined;
      }),
    issues: () =>
      [...reasons].map(
        (why): Issue => ({ severity: 'warning', code: 'incomplete', diagnostics: `${why} This answer leaves out what lies there.` }),
      ),
  };
}
