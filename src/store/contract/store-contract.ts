/** The contract of `ResourceStore` as tests: run on every store, so that they can't disagree. */
import { afterAll, beforeAll, describe } from 'vitest';
import type { ErasureStore } from '../erasure.ts';
import type { ResourceStore } from '../store.ts';
import { describeErasure } from './erasure-contract.ts';
import { describeHistory } from './history-contract.ts';
import type { ContractTypes } from './scene.ts';
import { describeSearch } from './search-contract.ts';
import { describeSort } from './sort-contract.ts';
import { describeUnits } from './unit-contract.ts';
import { describeWrites } from './write-contract.ts';

interface StoreContractOptions {
  /** Two types that the store holds, such as Encounter and Claim. */
  readonly types: ContractTypes;
  /** Size of the largest resource written; default 9 MiB, over the size from which stores keep content in chunks. */
  readonly largeRawBytes?: number;
  /** Time limit of `makeStore` and its `close`; default 120,000. */
  readonly startTimeoutMs?: number;
}

/** A store under test and how to end it. */
export interface StoreUnderTest {
  readonly store: ResourceStore & { readonly erasure: ErasureStore };
  close(): Promise<void>;
}

/**
 * Registers the contract's tests. `makeStore` runs once; the store need not be empty, every test keeps to its own corner.
 */
export function describeStoreContract(name: string, makeStore: () => Promise<StoreUnderTest>, options: StoreContractOptions): void {
  const { types, largeRawBytes = 9 * 1024 * 1024, startTimeoutMs = 120_000 } = options;
  describe(`${name} keeps the store contract`, () => {
    let made: StoreUnderTest | undefined;
    const storeOf = () => {
      if (!made) throw new Error('the store did not start');
      return made.store;
    };
    beforeAll(async () => {
      made = await makeStore();
    }, startTimeoutMs);
    afterAll(async () => made?.close(), startTimeoutMs);

    describeWrites(storeOf, types, largeRawBytes);
    describeUnits(storeOf, types);
    describeHistory(storeOf, types);
    describeSearch(storeOf, types);
    describeSort(storeOf, types);
    describeErasure(storeOf, types, largeRawBytes);
  });
}
