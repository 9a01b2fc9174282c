/** Pass 3: gives every entry the identity that it will have. Patients first, since the others' ids name their patient's record. */
import { conflict, invalidValue } from '../../model/error.ts';
import { keyText, type ResourceKey, type ResourceVersion } from '../../model/resource.ts';
import { forEachYielding } from '../bounded.ts';
import type { InteractionContext } from '../context.ts';
import { newId } from '../write/identity.ts';
import { type CheckedEntry, placeOf } from './checked-entry.ts';
import type { Conditions } from './conditions.ts';
import { type LinkTargets, rewriteTree } from './links.ts';

/** One resource that an entry reads or writes. A conditional delete has any number, a GET none. */
export interface Target {
  readonly checked: CheckedEntry;
  readonly key: ResourceKey;
  readonly idAssigned: boolean;
  /** Known already from a search; otherwise to be read if the id was not assigned. */
  readonly found?: ResourceVersion;
  /** A conditional create that matched: nothing is written. */
  readonly isMatch: boolean;
}

/**
 * Targets in the order of the entries; `links` is told the identity that each fullUrl stands for.
 * @throws FhirError 400 when two entries write one resource
 */
export async function assignIdentities(
  entries: readonly CheckedEntry[],
  conditions: Conditions,
  links: LinkTargets,
  context: InteractionContext,
): Promise<readonly Target[]> {
  const targets: Target[][] = entries.map(() => []);
  const waiting: number[] = [];
  entries.forEach((checked, index) => {
    const known = knownTargets(checked, conditions);
    if (!known && checked.resource?.type !== 'Patient') waiting.push(index);
    else targets[index] = known ?? [created(checked, context)];
    for (const { key } of targets[index] as Target[]) links.add(checked, key);
  });
  await forEachYielding(waiting, (index) => {
    const checked = entries[index] as CheckedEntry;
    rewriteTree(checked, links);
    const target = created(checked, context);
    targets[index] = [target];
  });
  for (const index of waiting) for (const { checked, key } of targets[index] as Target[]) links.add(checked, key);
  const all = targets.flat();
  checkDistinct(all);
  return all;
}

/** Targets that don't depend on other entries; undefined for a resource that gets a new id. */
function knownTargets(checked: CheckedEntry, { matches }: Conditions): Target[] | undefined {
  const { kind, request, resource, entry } = checked;
  if (kind === 'get') return [];
  const found = matches.get(entry.index);
  if (kind === 'create') return found?.[0] ? [matched(checked, found[0], true)] : undefined;
  if (request.id !== undefined)
    return [{ checked, key: { type: request.type as string, id: request.id }, idAssigned: false, isMatch: false }];
  if (kind !== 'update') return (found ?? []).map((version) => matched(checked, version, false));
  const bodyId = resource?.tree.id;
  if (!found?.[0]) {
    return typeof bodyId === 'string'
      ? [{ checked, key: { type: request.type as string, id: bodyId }, idAssigned: false, isMatch: false }]
      : undefined;
  }
  if (bodyId !== undefined && bodyId !== found[0].id) {
    throw invalidValue(`"${entry.url}" matches ${keyText(found[0])}, the resource has id "${bodyId}"`, `${placeOf(checked)}.resource.id`);
  }
  return [matched(checked, found[0], false)];
}

function matched(checked: CheckedEntry, found: ResourceVersion, isMatch: boolean): Target {
  return { checked, key: { type: found.type, id: found.id }, idAssigned: false, found, isMatch };
}

function created(checked: CheckedEntry, context: InteractionContext): Target {
  const { type, tree } = checked.resource as NonNullable<CheckedEntry['resource']>;
  return { checked, key: { type, id: newId(context, type, tree) }, idAssigned: true, isMatch: false };
}

function checkDistinct(targets: readonly Target[]): void {
  const first = new Map<string, Target>();
  const conditions = new Map<string, Target>();
  for (const target of targets) {
    const { checked, key, isMatch } = target;
    if (isMatch) continue;
    const name = keyText(key);
    const other = first.get(name);
    if (other)
      throw invalidValue(`${placeOf(other.checked)} and ${placeOf(checked)} both write ${name}`, [
        `${placeOf(other.checked)}`,
        `${placeOf(checked)}`,
      ]);
    first.set(name, target);
    const condition = checked.entry.ifNoneExist;
    if (condition === undefined) continue;
    const twin = conditions.get(`${key.type}?${condition}`);
    if (twin)
      throw invalidValue(`${placeOf(twin.checked)} and ${placeOf(checked)} create on the same condition`, [
        `${placeOf(twin.checked)}`,
        `${placeOf(checked)}`,
      ]);
    conditions.set(`${key.type}?${condition}`, target);
  }
}

/** @throws FhirError 409 for a conditional update that matched nothing, yet whose id is taken */
export function checkFree({ checked, key, found }: Target, current: ResourceVersion | undefined): void {
  const isUnmatched = checked.kind === 'update' && checked.request.id === undefined && !found;
  if (isUnmatched && current && !current.deleted)
    throw conflict(`"${checked.entry.url}" matches nothing, but ${keyText(key)} is there already`, placeOf(checked));
}
