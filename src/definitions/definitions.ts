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

/** Code system → its codes that are in the set. */
export type CodeSet = Readonly<Record<string, readonly string[]>>;

/** An element of a type, `Patient.name` or `Observation.value[x]`. */
export interface ElementDefinition {
  /** Without `[x]`. */
  readonly name: string;
  /** Names of types in `Definitions.types`; a backbone's is its path, "Patient.contact". Several only in a choice. */
  readonly types: readonly string[];
  readonly choice: boolean;
  readonly required: boolean;
  readonly list: boolean;
  /** Code set of a required binding, as far as FHIR itself lists the codes. */
  readonly codes?: string;
  /** Types that a Reference may point at; absent: any. */
  readonly targets?: readonly string[];
  readonly summary: boolean;
  readonly modifier: boolean;
  /** Written as an attribute in XML: `Element.id`, `Extension.url`. */
  readonly attribute: boolean;
}

/** A member name in JSON: `name`, or one case of a choice, `valueQuantity`. */
export interface PropertyDefinition {
  readonly name: string;
  readonly element: ElementDefinition;
  readonly type: string;
  /** The same type, looked up. `Resource` for `contained` and `Bundle.entry.resource`: there `resourceType` says which. */
  readonly definition: TypeDefinition;
}

export interface TypeDefinition {
  readonly name: string;
  readonly kind: 'abstract' | 'resource' | 'complex' | 'primitive';
  readonly base?: string;
  /** Inherited ones first, in the order in which XML has them. */
  readonly elements: readonly ElementDefinition[];
  /** Every member name that JSON may have, without `resourceType` and `_…`, in order. */
  readonly properties: ReadonlyMap<string, PropertyDefinition>;
}

export interface Definitions {
  /** The 146 concrete resource types of R4, in order of their names. */
  readonly resourceTypes: readonly string[];
  isResourceType(type: string): boolean;
  /** Every type, abstract, primitive, complex, backbone (`Patient.contact`) and resource, by its name. */
  readonly types: ReadonlyMap<string, TypeDefinition>;
  readonly codeSets: ReadonlyMap<string, CodeSet>;
  readonly searchParameters: readonly SearchParameterDefinition[];
  /** By the type that owns it: Patient, Encounter, Practitioner, RelatedPerson, Device. */
  readonly compartments: Readonly<Record<string, Compartment>>;
}
