/**
 * Patches by clients that may change a resource and not see it. The answer must not tell what the client could not have read:
 * no content, no question about it, no reason of a refusal, which may quote it.
 */
import { FhirError, forbidden, unprocessable } from '../../model/error.ts';
import type { ResourceVersion } from '../../model/resource.ts';
import type { Patch } from './patch-body.ts';

/** The patch for whoever may not see `current`. @throws FhirError 403 if it asks what the resource holds */
export function unseenPatch(change: Patch, { type }: Pick<ResourceVersion, 'type'>): Patch {
  if (change.asks())
    throw forbidden(`A patch that asks what the ${type} holds needs a scope to read it, or paths without conditions.`, type);
  return { ...change, isUnseen: true };
}

/** Does the work; of an unseen patch a refusal gives no reason. @throws FhirError 422 */
export function withoutReason<T>(isUnseen: boolean | undefined, work: () => T): T {
  if (!isUnseen) return work();
  try {
    const done = work();
    return done instanceof Promise ? (done.catch(silence) as T) : done;
  } catch (error) {
    return silence(error);
  }
}

function silence(error: unknown): never {
  const isReason = error instanceof FhirError && error.status < 500;
  throw isReason ? unprocessable('the patch can not be applied to the resource; why is told only to clients that may read it') : error;
}
