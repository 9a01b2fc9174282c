/** The words for a stored resource that every layer shares. */

/** Names a resource: `Patient` + `123`. */
export interface ResourceKey {
  readonly type: string;
  readonly id: string;
}

/** Who made a version: OAuth client, user and request id. */
export interface Author {
  readonly client: string;
  readonly subject: string;
  readonly request: string;
}

/** One version of a resource as a store returns it. */
export interface ResourceVersion extends ResourceKey {
  /** The record key under which it lies. */
  readonly rk: string;
  /** 1 for the first; every change, a delete too, adds 1. */
  readonly version: number;
  /** `meta.lastUpdated`, milliseconds since 1970. */
  readonly at: number;
  readonly deleted: boolean;
  /** The JSON text that a read returns, `id` and `meta` in place. Empty for a deletion. */
  readonly raw: string;
  readonly by: Author;
  /** How the version came about, for `Bundle.entry.request.method` of a history. */
  readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly trail?: Trail;
}

/** Bookkeeping of the store that returned a version, handed back to it in `Write.previous`; nobody else reads it. */
export interface Trail {
  /** Record keys of further patients under which a pointer to the resource lies. */
  readonly pointers?: readonly string[];
  /** Record keys under which the resource lay before it moved; older versions are there. */
  readonly past?: readonly string[];
}

/** One range that a resource's date, number or quantity covers. Dates in milliseconds since 1970, both ends included. */
export interface RangeEntry {
  /** `<Type>.<parameter>`, for a quantity followed by `|<system>|<code>`: "Observation.date". */
  readonly k: string;
  readonly lo: number;
  readonly hi: number;
}

/** The least and the greatest of a parameter's values. */
export interface SortScalar {
  readonly min: number | string;
  readonly max: number | string;
  /**
   * Set if the parameter has exactly one value and that is an amount (`min`, no "<5"): its unit, `<system>|<code>`,
   * "|<unit as written>" or "" for a plain number.
   */
  readonly unit?: string | undefined;
}

/** What search needs to know of a version. Stores keep it beside `raw` and never look into `raw`. */
export interface IndexEntries {
  /** Every patient compartment that it is in, home patient first: "Patient/123". */
  readonly patients: readonly string[];
  /** Equality and prefix entries: "Observation.code~8867-4". */
  readonly s: readonly string[];
  readonly r: readonly RangeEntry[];
  /** Patient and code: "Patient/123|code~8867-4". */
  readonly pc: readonly string[];
  /** The type's clinical date (or business date in PostgreSQL), milliseconds since 1970; null if it has none. */
  readonly d: number | null;
  /** Scalars by parameter code for `_sort`, cursors and aggregates. */
  readonly o: Readonly<Record<string, SortScalar>>;
}

/** A version on its way into a store. `raw` is final: `meta.versionId` and `meta.lastUpdated` are in it. */
export interface ResourceDraft extends ResourceVersion {
  readonly index: IndexEntries;
}

/** The index of a deletion: it is found by id and history only. */
export const NO_ENTRIES: IndexEntries = { patients: [], s: [], r: [], pc: [], d: null, o: {} };

/** Where a version lies, as text: `<rk>/<Type>/<id>`. Compared byte for byte, it is the order in which stores keep resources. */
export function identityOf(key: ResourceKey & { readonly rk: string }): string {
  return `${key.rk}/${key.type}/${key.id}`;
}

/** `Patient/7`: as references name it. */
export function keyText(key: ResourceKey): string {
  return `${key.type}/${key.id}`;
}
