/** With `REFERENTIAL_INTEGRITY=enforce`: what others refer to can't be deleted. */
import { conflict } from '../../model/error.ts';
import { keyText, type ResourceDraft, type ResourceKey, type ResourceVersion } from '../../model/resource.ts';
import type { SearchExpression } from '../../search/expression/expression.ts';
import { matches } from '../../search/expression/match.ts';
import type { InteractionContext } from '../context.ts';
import { referrersOf, referringTo } from './referrers.ts';

/**
 * @param drafts all that the same commit writes: it counts what they refer to, and no more what their old versions did
 * @throws FhirError 409 naming the type of one resource that refers to one of `deleted`
 */
export async function checkNotReferredTo(
  context: InteractionContext,
  deleted: readonly ResourceVersion[],
  drafts: readonly ResourceDraft[] = [],
): Promise<void> {
  const known = new Set([...deleted, ...drafts].map(keyText));
  for (const target of deleted) {
    const referrers = await referrersOf(context, target, known.size + 1);
    const left = referrers.find((referrer) => !known.has(keyText(referrer))) ?? drafts.find(referrerAmong(context, target));
    if (left) throw conflict(`${keyText(target)} can't be deleted: a ${left.type} refers to it`);
  }
}

function referrerAmong(context: InteractionContext, target: ResourceKey): (draft: ResourceDraft) => boolean {
  const byType = new Map<string, SearchExpression>();
  return (draft) => {
    if (draft.deleted) return false;
    const refers = byType.get(draft.type) ?? referringTo(context, draft.type, target);
    byType.set(draft.type, refers);
    return matches(refers, draft);
  };
}
