/** Erasure over both stores. Audit events stay: they are what proves it. */
import type { ResourceKey } from '../../model/resource.ts';
import type { ErasureStore } from '../erasure.ts';
import { storeOf } from './placement.ts';

export function createPlacementErasure(clinical: ErasureStore, administrative: ErasureStore): ErasureStore {
  const holding = (type: string) => (storeOf(type) === 'clinical' ? clinical : administrative);
  const ofStore = (keys: readonly ResourceKey[], name: 'clinical' | 'administrative') => keys.filter(({ type }) => storeOf(type) === name);
  return {
    settle: async () => void (await Promise.all([clinical.settle(), administrative.settle()])),
    lyingIn: async (rk) => (await Promise.all([clinical.lyingIn(rk), administrative.lyingIn(rk)])).flat(),
    archivedIn: async (rk) => (await Promise.all([clinical.archivedIn(rk), administrative.archivedIn(rk)])).flat(),
    async erase(keys, rk) {
      for (const [name, store] of [
        ['clinical', clinical],
        ['administrative', administrative],
      ] as const) {
        const own = ofStore(keys, name);
        if (own.length > 0) await store.erase(own, rk);
      }
    },
    erasePast: (key, rk, versions) => holding(key.type).erasePast(key, rk, versions),
    eraseAnswers: async (isSuch, erased) =>
      (await clinical.eraseAnswers(isSuch, erased)) + (await administrative.eraseAnswers(isSuch, erased)),
  };
}
