/** What the interactions work with. The composition root supplies the services; `assemble.ts` adds what derives from them. */
import type { GuardedStore } from '../access/guarded-store.ts';
import type { Definitions } from '../definitions/definitions.ts';
import type { Indexer } from '../search/parameters/indexer.ts';
import type { PageTokens } from '../search/plan/page-token.ts';
import type { SearchContext } from '../search/request/parse.ts';
import type { RecallingStore } from '../store/layers/recent-versions.ts';
import type { RecordKeys } from '../store/record-keys.ts';
import type { ResourceStore } from '../store/store.ts';
import type { FindVocabulary } from '../terminology/vocabulary.ts';
import type { Validator } from '../validation/validate.ts';
import type { ErrorLog } from './answer/error-response.ts';
import type { FhirRequest, FhirResponse } from './request.ts';
import type { ZoneOf } from './write/regions.ts';

/** A write under way: its `meta.lastUpdated`, and the end of its being in flight. */
export interface WriteStamp {
  /** Milliseconds since 1970; later than every earlier write of this gateway and than `previousAt`. */
  readonly at: number;
  /** To be called once, whatever became of the write: until then the history watermark stays below `at`. */
  end(): void;
}

export interface Limits {
  /** Nesting of JSON and XML. */
  readonly maxDepth: number;
  readonly maxBundleEntries: number;
  /** Resources that one conditional delete may delete. */
  readonly maxConditionalDeletes: number;
  /** Entries of a page when the client doesn't say, and at most. */
  readonly defaultPageSize: number;
  readonly maxPageSize: number;
  /** Resources that come along with a page of a search: `_include` and `_revinclude`. */
  readonly maxIncluded: number;
  /** Parameters of one search. */
  readonly maxSearchParameters: number;
  /** Entries of a batch worked on at once. */
  readonly batchConcurrency: number;
}

export const DEFAULT_LIMITS: Limits = {
  maxDepth: 64,
  maxBundleEntries: 10_000,
  maxConditionalDeletes: 100,
  defaultPageSize: 50,
  maxPageSize: 1000,
  maxIncluded: 1000,
  maxSearchParameters: 200,
  batchConcurrency: 16,
};

/** Spans in that of the request, named by interaction and type: "create Observation". */
export interface EntryTrace {
  interaction<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** For what is done in one go. */
  step<T>(name: string, work: () => T): T;
}

/** Supplied by the composition root. */
export interface InteractionServices {
  readonly store: ResourceStore & Partial<RecallingStore>;
  readonly definitions: Definitions;
  readonly validator: Validator;
  readonly indexer: Indexer;
  /** What parsing a search needs; how strictly is for each request to say. */
  readonly search: Omit<SearchContext, 'handling'>;
  readonly pageTokens: PageTokens;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly newUlid: () => string;
  /** The zone that a new patient is born into; absent where no regions are configured. */
  readonly zoneOf?: ZoneOf;
  /** Where patients' records lie; absent where they never move from where their ids tell. */
  readonly records?: RecordKeys;
  /** @throws FhirError 503 while this gateway may not write */
  readonly beginWrite: (previousAt?: number) => WriteStamp;
  /** Everything made at or before this instant is visible or will never be. Milliseconds since 1970. */
  readonly watermark: () => number | Promise<number>;
  readonly limits: Limits;
  readonly software: { readonly name: string; readonly version: string; readonly releaseDate: string };
  readonly log: ErrorLog;
  /** Makes spans of the entries of Bundles; absent where nobody traces. */
  readonly trace?: EntryTrace;
  /** Refuse to delete what others refer to. */
  readonly referentialIntegrity: boolean;
  /** True if pages of other origins may ask, as the CapabilityStatement tells it. */
  readonly isCors?: boolean;
  /** Where apps ask for tokens, as the CapabilityStatement tells it; without one, tokens come from elsewhere. */
  readonly oauth?: OauthUris;
}

export interface OauthUris {
  readonly authorization: string;
  readonly token: string;
  readonly introspection: string;
  readonly revocation: string;
}

export interface InteractionContext extends Omit<InteractionServices, 'store'> {
  /** Every way in asks on whose behalf: `read(key, request.access)`. */
  readonly store: GuardedStore;
  /** What searches need to know of value sets and code systems. */
  readonly findVocabulary: FindVocabulary;
  /** Answers any request, operations included: how batches reach the other interactions. Throws FhirError. */
  readonly dispatch: (request: FhirRequest) => Promise<FhirResponse>;
  /** The finished CapabilityStatement as JSON text, and its entity tag. */
  readonly capabilities: (baseUrl: string) => { readonly text: string; readonly etag: string };
  readonly findOperation: OperationLookup;
}

/** Where an operation is invoked. */
export type OperationLevel = 'system' | 'type' | 'instance';

/** What a route needs to know of an operation; `operations/registry` holds the rest. */
export interface RoutableOperation {
  readonly name: string;
  /** HTTP methods that invoke it. */
  readonly methods: readonly string[];
  /** It helps to see or mend a server in trouble, so it is the last to be refused under load. */
  readonly isAdministrative?: boolean;
  /** It changes nothing, and decides about no change. */
  readonly isReading?: boolean;
  readonly handle: (request: FhirRequest, context: InteractionContext) => Promise<FhirResponse>;
}

/** The operation `$name` at that level of that type, or undefined. */
export type OperationLookup = (name: string, level: OperationLevel, type: string | undefined) => RoutableOperation | undefined;

/** An operation as the CapabilityStatement names it. */
export interface DescribedOperation {
  readonly name: string;
  /** Canonical URL of its OperationDefinition. */
  readonly definition: string;
  /** Resource types at whose level it is offered; empty for the system level. */
  readonly types: readonly string[];
  readonly isSystem: boolean;
}
