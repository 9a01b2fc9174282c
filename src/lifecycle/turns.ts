/** Work that must not overtake itself, such as reading what others have changed: an older answer must not replace a newer one. */
export interface Turns {
  /** Runs the work when all that was asked for before has ended, well or not. */
  take<Result>(work: () => Promise<Result>): Promise<Result>;
  /** Resolves when all that has been asked for has ended. */
  idle(): Promise<void>;
}

export function createTurns(): Turns {
  let last: Promise<unknown> = Promise.resolve();
  return {
    take(work) {
      const own = last.then(work);
      last = own.catch(() => undefined);
      return own;
    },
    idle: async () => void (await last),
  };
}
