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
  parse(query: string, types: Types): SearchRequest;
  /** True if the query, of the resource's own type unless others are given, finds it; `at` is its `meta.lastUpdated`. */
  finds(query: string, resource: Resource, searched?: { readonly types?: Types; readonly at?: number }): boolean;
  /** The refusal of a query. @throws Error if it is accepted */
  refusal(query: string, types: Types): FhirError;
}

/** One or several. */
type Types = string | readonly string[];

/** Search over R4's definitions at the base URL `http://here/fhir`, on the first day of 2024. */
export function createMeaning(over: Partial<SearchContext> = {}): Meaning {
  const definitions = loadDefinitions();
  const registry = createSearchRegistry(definitions);
  const baseUrl = 'http://here/fhir';
  const indexer = createIndexer(registry, definitions, { baseUrl });
  const context: SearchContext = { registry, baseUrl, handling: 'strict', now: () => Date.UTC(2024, 0), ...over };
  const parse = (query: string, types: Types) =>
    parseSearch([...new URLSearchParams(query)], typeof types === 'string' ? [types] : types, context);
  return {
    parse,
    finds(query, resource, { types = resource.resourceType, at = 0 } = {}) {
      const key: ResourceKey = { type: resource.resourceType, id: resource.id ?? '1' };
      return matches(parse(query, types).where, { ...key, at, index: indexer.entries(resource, key) });
    },
    refusal(query, types) {
      try {
        parse(query, types);
      } catch (error) {
        if (error instanceof FhirError) return error;
        throw error;
      }
      throw new Error(`"${query}" was not refused`);
    },
  };
}
