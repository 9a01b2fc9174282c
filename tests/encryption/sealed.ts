/** A store under encryption in which no text stays open: every one has its resource's id, and ids are protected. */
import { createFieldEncryption } from '../../src/encryption/field-encryption.ts';
import { createProtection } from '../../src/encryption/protection.ts';
import type { ErasureStore } from '../../src/store/erasure.ts';
import { createSealedStore } from '../../src/store/layers/sealed-store.ts';
import type { ResourceStore } from '../../src/store/store.ts';
import { freshKeys } from '../support/encryption.ts';

export function withSealedIds<Store extends ResourceStore & { readonly erasure: ErasureStore }>(store: Store, types: readonly string[]) {
  const protection = createProtection(types.map((type) => `${type}.id`));
  const fields = createFieldEncryption({ keys: freshKeys('test'), protection, isOn: true, looksForPlain: false });
  return { ...createSealedStore(store, fields), erasure: store.erasure };
}
