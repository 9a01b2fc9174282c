/** The whole way from the text of a query and a resource to "found or not", without a store. */
import { loadDefinitions } from '../../src/definitions/load.ts';
import { FhirError } from '../../src/model/error.ts';
import type { ResourceKey } from '../../src/model/resource.ts';
import { matches } from '../../src/search/expression/match.ts';
import { createIndexer } from '../../src/search/parameters/indexer.ts';
import { createSearchRegistry } from '../../src/search/parameters/registry.ts';
import type { SearchContext, SearchRequest } from '../../src/search/request/parse.ts';
import { parseSearch } from '../../src/search/request/parse.ts';

export type Resource = { readonly resourceType: string; readonly id?: string; readonly [name: string]: unknown };

interface Meaning {
  parse(query: string, type: string): SearchRequest;
  /** True if the query, of the resource's own type, finds it. */
  finds(query: string, resource: Resource): boolean;
  /** The refusal of a query. @throws Error if it is accepted */
  refusal(query: string, type: string): FhirError;
}

/** Search over R4's definitions at the base URL `http://here/fhir`, on the first day of 2024. */
export function createMeaning(over: Partial<SearchContext> = {}): Meaning {
  const definitions = loadDefinitions();
  const registry = createSearchRegistry(definitions);
  const baseUrl = 'http://here/fhir';
  const indexer = createIndexer(registry, definitions, { baseUrl });
  const context: SearchContext = { registry, baseUrl, handling: 'strict', now: () => Date.UTC(2024, 0), ...over };
  const parse = (query: string, type: string) => parseSearch([...new URLSearchParams(query)], [type], context);
  return {
    parse,
    finds(query, resource) {
      const key: ResourceKey = { type: resource.resourceType, id: resource.id ?? '1' };
      return matches(parse(query, resource.resourceType).where, { ...key, at: 0, index: indexer.entries(resource, key) });
    },
    refusal(query, type) {
      try {
        parse(query, type);
      } catch (error) {
        if (error instanceof FhirError) return error;
        throw error;
      }
      throw new Error(`"${query}" was not refused`);
    },
  };
}
