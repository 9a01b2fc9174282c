/** What the published definitions of FHIR R4 say, as far as the gateway needs it. Read once at start by `load.ts`. */

/** @see https://hl7.org/fhir/R4/valueset-search-param-type.html */
export type SearchParamType = 'number' | 'date' | 'string' | 'token' | 'reference' | 'composite' | 'quantity' | 'uri' | 'special';

/** @see https://hl7.org/fhir/R4/searchparameter.html */
export interface SearchParameterDefinition {
  readonly url: string;
  readonly code: string;
  /** Types that it applies to; `Resource` and `DomainResource` stand for all their descendants. */
  readonly base: readonly string[];
  readonly type: SearchParamType;
  /** FHIRPath. Absent for `_text`, `_content` and `_query`. */
  readonly expression?: string;
  readonly target?: readonly string[];
  readonly component?: readonly { readonly definition: string; readonly expression: string }[];
  readonly multipleOr?: boolean;
  readonly multipleAnd?: boolean;
  readonly comparator?: readonly string[];
  readonly modifier?: readonly string[];
  /** Set where the expression is not the whole meaning: `phonetic`, `nearby`. */
  readonly usage?: string;
}

/** Member type → codes of the search parameters that put a resource into the compartment; `{def}` is the owner itself. */
export type Compartment = Readonly<Record<string, readonly string[]>>;

export interface Definitions {
  /** The 146 concrete resource types of R4, in order of their names. */
  readonly resourceTypes: readonly string[];
  isResourceType(type: string): boolean;
  readonly searchParameters: readonly SearchParameterDefinition[];
  /** By the type that owns it: Patient, Encounter, Practitioner, RelatedPerson, Device. */
  readonly compartments: Readonly<Record<string, Compartment>>;
}
