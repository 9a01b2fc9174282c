/** Both stores' parts as one list. */
import type { ReindexPart, ReindexStore } from '../reindex.ts';
import { storeOf } from './placement.ts';

export function createPlacementReindex(clinical: ReindexStore, administrative: ReindexStore): ReindexStore {
  // Audit events have no index to make anew: their entries are made when they are read.
  const holding = ({ types: [type = ''] }: ReindexPart) => (storeOf(type) === 'clinical' ? clinical : administrative);
  return {
    parts: async (types) => [
      ...(await clinical.parts(types.filter((type) => storeOf(type) === 'clinical'))),
      ...(await administrative.parts(types.filter((type) => storeOf(type) === 'administrative'))),
    ],
    settle: async () => void (await Promise.all([clinical.settle(), administrative.settle()])),
    page: (part, after, limit) => holding(part).page(part, after, limit),
    rewrite: (part, items) => holding(part).rewrite(part, items),
  };
}
