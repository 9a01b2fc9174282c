/** Pass 5: what is there now, and the drafts over it. */
import { gone, notFound } from '../../model/error.ts';
import { keyText, type ResourceDraft, type ResourceVersion } from '../../model/resource.ts';
import { forEachYielding, mapBounded } from '../bounded.ts';
import type { InteractionContext } from '../context.ts';
import { unseenPatch } from '../patch/unseen-patch.ts';
import { patched } from '../patch.ts';
import { checkWritePreconditions } from '../preconditions.ts';
import { deletionOf, draftOf } from '../write/prepare-write.ts';
import { inEntry } from './checked-entry.ts';
import { checkFree, type Target } from './identities.ts';
import { type LinkTargets, rewriteLinks } from './links.ts';

/** A target with what was there and what is to be written; no draft if nothing changes. */
export interface Prepared {
  readonly target: Target;
  readonly current: ResourceVersion | undefined;
  readonly draft: ResourceDraft | undefined;
}

const READS_AT_ONCE = 500;

/** The current version of each target that may have one; the store gathers reads that are asked for together. */
export function readCurrent(targets: readonly Target[], context: InteractionContext): Promise<(ResourceVersion | undefined)[]> {
  return mapBounded(
    targets,
    READS_AT_ONCE,
    async ({ key, found, idAssigned, checked: { kind, request } }) =>
      found ?? (idAssigned ? undefined : context.store.read(key, request.access, kind === 'delete' ? 'd' : 'u')),
  );
}

/** The targets, patches of what the client may not see marked as such. @throws FhirError 403 for one that asks what is there */
export async function markUnseen(
  targets: readonly Target[],
  currents: readonly (ResourceVersion | undefined)[],
  context: InteractionContext,
): Promise<readonly Target[]> {
  if (!targets.some(({ checked }) => checked.patch)) return targets;
  return mapBounded(targets, READS_AT_ONCE, async (target, index) => {
    const { checked } = target;
    const current = currents[index];
    if (!checked.patch || !current || (await context.store.shows(current, checked.request.access))) return target;
    return { ...target, checked: { ...checked, patch: unseenPatch(checked.patch, current) } };
  });
}

/**
 * Drafts for all targets, in their order.
 * @throws FhirError 412 when an entry's precondition fails, 404 or 410 for a patch of nothing, 400 for links to nowhere
 */
export async function prepareDrafts(
  targets: readonly Target[],
  currents: readonly (ResourceVersion | undefined)[],
  links: LinkTargets,
  at: number,
  context: InteractionContext,
): Promise<readonly Prepared[]> {
  const prepared: Prepared[] = [];
  const { trace } = context;
  const prepare = (target: Target, index: number) => {
    const current = currents[index];
    try {
      if (!target.isMatch && !target.idAssigned) {
        checkFree(target, current);
        checkWritePreconditions(target.checked.entry, current);
      }
      prepared.push({ target, current, draft: target.isMatch ? undefined : draftFor(target, current, links, at, context) });
    } catch (error) {
      throw inEntry(error, target.checked);
    }
  };
  await forEachYielding(targets, (target, index) => {
    if (!trace) return prepare(target, index);
    return trace.step(`${target.checked.kind} ${target.key.type}`, () => prepare(target, index));
  });
  return prepared;
}

function draftFor(
  target: Target,
  current: ResourceVersion | undefined,
  links: LinkTargets,
  at: number,
  context: InteractionContext,
): ResourceDraft | undefined {
  const { checked, key } = target;
  const { by } = checked.request;
  switch (checked.kind) {
    case 'delete':
      return current && !current.deleted ? deletionOf(current, { at, by }) : undefined;
    case 'patch':
      return patchDraft(target, current, at, context);
    default: {
      const { type, tree } = checked.resource as NonNullable<typeof checked.resource>;
      const text = rewriteLinks(checked, links);
      return draftOf(context, { type, tree, text }, key, current, { at, by, method: checked.kind === 'create' ? 'POST' : 'PUT' });
    }
  }
}

function patchDraft(
  { checked, key }: Target,
  current: ResourceVersion | undefined,
  at: number,
  context: InteractionContext,
): ResourceDraft | undefined {
  if (!current) throw notFound(`there is no ${keyText(key)}`);
  if (current.deleted) throw gone(`${keyText(key)} was deleted`);
  const incoming = patched(context, current, checked.patch as NonNullable<typeof checked.patch>);
  return draftOf(context, incoming, key, current, { at, by: checked.request.by, method: 'PATCH' });
}
