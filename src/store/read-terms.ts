/**
 * How a request reads: from which members, and how much they must have seen. Requests that read as usual, which is from the
 * primary, have no terms and cost nothing here.
 */
import { AsyncLocalStorage } from 'node:async_hooks';

/** MongoDB's names. `secondary` is left out: it would refuse to read where there is none. @see https://www.mongodb.com/docs/manual/core/read-preference/ */
export type ReadPreference = 'primary' | 'primaryPreferred' | 'secondaryPreferred' | 'nearest';

export interface ReadTerms {
  readonly preference: ReadPreference;
  /** States that whoever answers must have reached. */
  readonly after?: StoreStates;
  /** Calls back when the request has been answered. */
  onEnd(end: () => void): void;
}

/** A state of each store in its own bytes, see `ConsistentStore`; none of a store that tells none. */
export interface StoreStates {
  readonly clinical?: Uint8Array | undefined;
  readonly administrative?: Uint8Array | undefined;
}

/** A store that can tell how far it has come and be asked to read from there on. */
export interface ConsistentStore {
  /** The latest state that this gateway has seen of it, in bytes that mean nothing elsewhere; undefined while it is not known. */
  latestState(): Uint8Array | undefined;
  /** Of two states the one that has all of the other. */
  laterState(one: Uint8Array, other: Uint8Array): Uint8Array;
}

export interface ReadTermsInUse {
  /** Runs `work`, all of whose reads are on these terms. */
  run<T>(terms: Omit<ReadTerms, 'onEnd'>, work: () => Promise<T>): Promise<T>;
  /** Those that this code reads on; undefined for the usual ones. */
  current(): ReadTerms | undefined;
}

export function createReadTerms(): ReadTermsInUse {
  const inUse = new AsyncLocalStorage<ReadTerms>();
  return {
    current: () => inUse.getStore(),
    async run(terms, work) {
      const endings: (() => void)[] = [];
      try {
        return await inUse.run({ ...terms, onEnd: (end) => void endings.push(end) }, work);
      } finally {
        for (const end of endings) end();
      }
    },
  };
}
