/** The form of `fhir/generated/elements.json`. Absent members have the value most elements have: see each. */

export interface GeneratedType {
  readonly kind: 'abstract' | 'resource' | 'complex' | 'primitive';
  readonly base?: string;
  /** Own elements only, in order; choices under `value[x]`. */
  readonly elements: Record<string, GeneratedElement>;
}

export interface GeneratedElement {
  readonly types: readonly string[];
  /** 0 if absent. */
  readonly min?: number;
  /** 1 if absent. */
  readonly max?: '*';
  readonly codes?: string;
  readonly targets?: readonly string[];
  /** `false` if absent, as the next two. */
  readonly summary?: boolean;
  readonly modifier?: boolean;
  readonly attribute?: boolean;
}
