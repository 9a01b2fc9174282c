/** The writes that this gateway has under way, and what it promises of them. */

export interface WriteTime {
  /** `meta.lastUpdated` of the versions to write, milliseconds; later than `previousAt`. */
  readonly at: number;
  /** To be called when the commit is decided, either way. */
  end(): void;
}

export interface OpenWrites {
  begin(previousAt: number): WriteTime;
  /** Promises that every version up to the instant given is decided; later writes are dated after it. */
  promiseHorizon(): number;
  /** Tells, whenever it is asked, whether all that are under way now have ended. */
  endOfThese(): () => boolean;
  areNone(): boolean;
}

export function createOpenWrites(now: () => number): OpenWrites {
  const open = new Map<symbol, number>();
  let promised = 0;
  return {
    begin(previousAt) {
      const at = Math.max(now(), promised + 1, previousAt + 1);
      const token = Symbol('write');
      open.set(token, at);
      return { at, end: () => void open.delete(token) };
    },
    promiseHorizon() {
      const undecided = Math.min(...open.values());
      promised = Math.max(promised, Math.min(now(), undecided - 1));
      return promised;
    },
    endOfThese() {
      const these = [...open.keys()];
      return () => !these.some((token) => open.has(token));
    },
    areNone: () => open.size === 0,
  };
}
