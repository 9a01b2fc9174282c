/**
 * A store that remembers versions lately read or written here.
 *
 * What it remembers may be out of date: another gateway may have written since. It is good enough to build a replace on, which
 * the store refuses if it is not current; never to answer a read. So most updates are spared the read before them.
 */
import { keyText, type ResourceKey, type ResourceVersion } from '../../model/resource.ts';
import type { ResourceStore, UnitOfWork, Write } from '../store.ts';

export interface RecallingStore extends ResourceStore {
  /** The version last seen here, maybe no longer current; undefined if there is none. Deletions are not remembered. */
  recall(key: ResourceKey): ResourceVersion | undefined;
  /** Remembers nothing any more: what was erased must not linger here. */
  forgetAll(): void;
}

/** Longer texts are not remembered; characters. */
const LONGEST_TEXT = 32_768;

/** @param maxCharacters of all texts remembered together; the least recently used go first */
export function createRecallingStore(store: ResourceStore, maxCharacters: number): RecallingStore {
  const versions = new Map<string, ResourceVersion>();
  let characters = 0;

  function forget(name: string): void {
    const known = versions.get(name);
    if (!known) return;
    versions.delete(name);
    characters -= known.raw.length;
  }

  function remember(version: ResourceVersion): void {
    const name = keyText(version);
    if ((versions.get(name)?.version ?? 0) > version.version) return;
    forget(name);
    if (version.deleted || version.raw.length > LONGEST_TEXT) return;
    versions.set(name, version);
    characters += version.raw.length;
    for (const oldest of versions.keys()) {
      if (characters <= maxCharacters) return;
      forget(oldest);
    }
  }

  async function commit(unit: UnitOfWork): Promise<void> {
    try {
      await store.commit(unit);
    } catch (error) {
      for (const { draft } of unit.writes) forget(keyText(draft));
      throw error;
    }
    for (const write of unit.writes) {
      if (isWhole(write)) remember(versionOf(write));
      else forget(keyText(write.draft));
    }
  }

  return {
    ...store,
    async read(key) {
      const version = await store.read(key);
      if (version) remember(version);
      else forget(keyText(key));
      return version;
    },
    commit,
    forgetAll() {
      versions.clear();
      characters = 0;
    },
    recall(key) {
      const name = keyText(key);
      const version = versions.get(name);
      if (!version) return undefined;
      versions.delete(name);
      versions.set(name, version);
      return version;
    },
  };
}

/** True if the draft is all that the store would read back: one place, no pointers, never moved. */
function isWhole(write: Write): boolean {
  const { draft } = write;
  const isAtHome = write.kind === 'create' || (write.previous.rk === draft.rk && !write.previous.trail);
  return isAtHome && draft.index.patients.length < 2;
}

/** The draft without its index entries, which would take more memory than the text. */
function versionOf({ draft }: Write): ResourceVersion {
  const { index: _, ...version } = draft;
  return version;
}
