/** Both stores' texts as one. */
import type { ReindexPart } from '../reindex.ts';
import type { StoredTexts } from '../stored-texts.ts';

export function createPlacementTexts(clinical: StoredTexts, administrative: StoredTexts): StoredTexts {
  const holding = ({ store }: ReindexPart) => (store === 'postgresql' ? administrative : clinical);
  return {
    parts: async () => [...(await clinical.parts()), ...(await administrative.parts())],
    page: (part, after, limit) => holding(part).page(part, after, limit),
    replace: (part, changes) => holding(part).replace(part, changes),
  };
}
