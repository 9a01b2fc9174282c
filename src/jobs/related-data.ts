/**
 * Keeps what consents call related in step with the stores: the resources that they name are looked at in each round, and read with all their
 * versions when they have changed. One that can't be read (its year is archived, its text was altered), or refers to too much, has unknown relations.
 */
import type { Consents } from '../access/consent/consents.ts';
import { type Related, relatedBy } from '../access/consent/related.ts';
import { FhirError } from '../model/error.ts';
import { keyText, type ResourceKey, type ResourceVersion } from '../model/resource.ts';
import type { ResourceStore } from '../store/store.ts';

interface RelatedDataOptions {
  readonly resources: Pick<ResourceStore, 'read' | 'history'>;
  readonly consents: Pick<Consents, 'relate' | 'namedAsRelated'>;
  readonly baseUrl: string;
}

export interface RelatedData {
  /** Looks at every resource that a consent names so. */
  refresh(): Promise<void>;
  /** True for a resource that a consent names so. */
  isNamed(key: ResourceKey): boolean;
}

const AT_ONCE = 8;
const MOST_VERSIONS = 1_000;
/** What one resource may have referred to: it is part of every search that a consent restricts. */
const MOST_RELATED = 1_000;
/** The store is away, and will come back. */
const UNAVAILABLE = 503;

const UNREADABLE = 'unreadable';

export function createRelatedData({ resources, consents, baseUrl }: RelatedDataOptions): RelatedData {
  /** The version at which each was read, by name; an erased one may come back with the same number. */
  const seen = new Map<string, string>();

  async function refreshOne(key: ResourceKey): Promise<void> {
    const name = keyText(key);
    const current = await unlessUnreadable(resources.read(key));
    // What was found before its year was archived goes on to hold: nobody can change it there.
    if (current === UNREADABLE) return seen.has(name) ? undefined : consents.relate(name, undefined);
    const version = current ? `${current.version} ${current.at}` : '';
    if (seen.get(name) === version) return;
    const versions = current ? await unlessUnreadable(resources.history({ types: [key.type], id: key.id, limit: MOST_VERSIONS })) : [];
    consents.relate(name, versions === UNREADABLE ? undefined : knownBy(versions));
    seen.set(name, version);
  }

  function knownBy(versions: readonly ResourceVersion[]): Related | undefined {
    if (versions.length === MOST_VERSIONS) return undefined;
    const related = relatedBy(versions, baseUrl);
    return related.ever.length > MOST_RELATED ? undefined : related;
  }

  return {
    isNamed: (key) => consents.namedAsRelated().has(keyText(key)),
    async refresh() {
      const named = consents.namedAsRelated();
      for (const name of seen.keys()) if (!named.has(name)) seen.delete(name);
      const keys = [...named.values()];
      for (let start = 0; start < keys.length; start += AT_ONCE) await Promise.all(keys.slice(start, start + AT_ONCE).map(refreshOne));
    },
  };
}

async function unlessUnreadable<T>(asked: Promise<T>): Promise<T | typeof UNREADABLE> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof FhirError && error.status !== UNAVAILABLE) return UNREADABLE;
    throw error;
  }
}
