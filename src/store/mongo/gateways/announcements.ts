/** What this gateway tells the others that it knows, with each heartbeat. */
import type { OpenWrites } from './open-writes.ts';

export interface Announcements {
  /**
   * Told once every write that was begun before the call has ended; what is not among the names any more is taken back at once.
   */
  announce(names: readonly string[]): void;
  /** Announces a name at once, to stay, whatever is under way: for what matters to reads. */
  tell(name: string): void;
  /** Takes back what was told. */
  untell(name: string): void;
}

interface Announced extends Announcements {
  /** What a heartbeat that leaves now may say. */
  names(): readonly string[];
}

export function createAnnouncements(writes: Pick<OpenWrites, 'endOfThese'>): Announced {
  const told = new Set<string>();
  let known: readonly string[] = [];
  let learning: { readonly names: readonly string[]; readonly isDue: () => boolean } | undefined;
  return {
    announce(names) {
      const last = learning?.names ?? known;
      if (last.length === names.length && last.every((name) => names.includes(name))) return;
      known = known.filter((name) => names.includes(name));
      learning = { names, isDue: writes.endOfThese() };
    },
    tell: (name) => void told.add(name),
    untell: (name) => void told.delete(name),
    names() {
      if (learning?.isDue()) {
        known = learning.names;
        learning = undefined;
      }
      return [...known, ...told];
    },
  };
}
