import { FhirError } from '../model/error.ts';

/** What a store answers with 410 because it is archived, as if it were not there: whose it is can't be told without it. */
export function unlessArchived<T>(work: Promise<T>): Promise<T | undefined> {
  return work.catch((error: unknown) => {
    if (error instanceof FhirError && error.status === 410) return undefined;
    throw error;
  });
}
