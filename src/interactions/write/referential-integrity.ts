/** With `REFERENTIAL_INTEGRITY=enforce`: what others refer to can't be deleted. */
import { conflict } from '../../model/error.ts';
import { keyText, type ResourceKey, type ResourceVersion } from '../../model/resource.ts';
import type { InteractionContext } from '../context.ts';
import { referrersOf } from './referrers.ts';

/**
 * @param alsoGoing resources that go in the same commit, so their references don't count
 * @throws FhirError 409 naming one resource that refers to one of `deleted`
 */
export async function checkNotReferredTo(
  context: InteractionContext,
  deleted: readonly ResourceVersion[],
  alsoGoing: readonly ResourceKey[] = deleted,
): Promise<void> {
  const going = new Set(alsoGoing.map(keyText));
  for (const target of deleted) {
    const referrers = await referrersOf(context, target, going.size + 1);
    const left = referrers.find((referrer) => !going.has(keyText(referrer)));
    if (left) throw conflict(`${keyText(target)} can't be deleted: a ${left.type} refers to it`);
  }
}
