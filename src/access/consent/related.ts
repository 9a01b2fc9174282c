/** What the resources refer to that consents name with all that is related to them. */
import type { ResourceKey, ResourceVersion } from '../../model/resource.ts';
import { localKey } from '../admission.ts';

export interface Related {
  /** By the current version; of a deleted resource nothing. */
  readonly now: readonly ResourceKey[];
  /** By any version. */
  readonly ever: readonly ResourceKey[];
}

/**
 * Every resource of this server that the tree refers to by a literal reference, or by the address of an attachment. Patients are not among
 * them: everything in a record refers to its patient, so none would be seen any more.
 */
export function referredTo(tree: unknown, baseUrl: string): readonly ResourceKey[] {
  const found = new Map<string, ResourceKey>();
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const [name, value] of Object.entries(node)) {
      const key = name === 'reference' || name === 'url' ? localKey(value, baseUrl) : undefined;
      if (key && key.type !== 'Patient') found.set(`${key.type}/${key.id}`, key);
      visit(value);
    }
  };
  visit(tree);
  return [...found.values()];
}

/** @param versions all of one resource, the newest first */
export function relatedBy(versions: readonly ResourceVersion[], baseUrl: string): Related {
  const keysOf = ({ deleted, raw }: ResourceVersion) => (deleted || raw === '' ? [] : referredTo(JSON.parse(raw), baseUrl));
  const [newest] = versions;
  const ever = new Map(versions.flatMap(keysOf).map((key) => [`${key.type}/${key.id}`, key]));
  return { now: newest ? keysOf(newest) : [], ever: [...ever.values()] };
}
