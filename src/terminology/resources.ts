/** The members of CodeSystem and ValueSet that an expansion reads. @see https://hl7.org/fhir/R4/valueset.html#compositions */

export interface Concept {
  readonly code?: string;
  readonly display?: string;
  readonly property?: readonly ConceptProperty[];
  readonly concept?: readonly Concept[];
}

/** `value[x]` is one of six types. */
export interface ConceptProperty {
  readonly code?: string;
  readonly [value: `value${string}`]: unknown;
}

export interface CodeSystem {
  readonly resourceType: 'CodeSystem';
  readonly url?: string;
  readonly version?: string;
  readonly status?: string;
  readonly content?: string;
  readonly concept?: readonly Concept[];
}

export interface Filter {
  readonly property?: string;
  readonly op?: string;
  readonly value?: string;
}

/** One `include` or `exclude`. */
export interface ComposePart {
  readonly system?: string;
  readonly version?: string;
  readonly concept?: readonly { readonly code?: string }[];
  readonly filter?: readonly Filter[];
  readonly valueSet?: readonly string[];
}

export interface Contained {
  readonly system?: string;
  readonly code?: string;
  readonly abstract?: boolean;
  readonly contains?: readonly Contained[];
}

export interface ValueSet {
  readonly resourceType: 'ValueSet';
  readonly url?: string;
  readonly version?: string;
  readonly status?: string;
  readonly compose?: {
    readonly inactive?: boolean;
    readonly include?: readonly ComposePart[];
    readonly exclude?: readonly ComposePart[];
  };
  readonly expansion?: { readonly total?: number; readonly offset?: number; readonly contains?: readonly Contained[] };
}

/** Finds a resource by its canonical URL, `|version` at its end or not; undefined if there is none that the caller may see. */
export interface TerminologySource {
  codeSystem(canonical: string): Promise<CodeSystem | undefined>;
  valueSet(canonical: string): Promise<ValueSet | undefined>;
}

/** `http://x|2` → url and version. */
export function splitCanonical(canonical: string): { readonly url: string; readonly version?: string } {
  const bar = canonical.indexOf('|');
  return bar < 0 ? { url: canonical } : { url: canonical.slice(0, bar), version: canonical.slice(bar + 1) };
}
