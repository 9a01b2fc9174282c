/** What both sides work with: everything real, full text on, so that `_text` and `_content` answer. */
import type { InteractionServices } from '../../src/interactions/context.ts';
import { fullTextParameters } from '../../src/jobs/full-text.ts';
import { createIndexer } from '../../src/search/parameters/indexer.ts';
import { createSearchRegistry } from '../../src/search/parameters/registry.ts';
import { memoryServices } from '../support/memory-gateway.ts';

export function leakServices(): InteractionServices {
  const services = memoryServices(() => {});
  const { definitions, search } = services;
  const registry = createSearchRegistry(
    definitions,
    fullTextParameters('all', definitions).map(({ definition }) => definition),
  );
  return {
    ...services,
    indexer: createIndexer(registry, definitions, { baseUrl: search.baseUrl }),
    search: { ...search, registry },
  };
}
