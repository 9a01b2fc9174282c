/** A conformance case, as it stands in `conformance/cases/*.json`. */

import type { Forgery } from './forge.ts';

export interface CaseFile {
  /** The page of the specification that these cases come from. */
  readonly spec: string;
  /** Made once for all cases of the file, before them; what it saves they all have. `{{world}}` is new for each run of the file. */
  readonly given?: readonly Step[];
  /** Texts that no answer to a case of the file may hold, but to an insider's step. */
  readonly never?: readonly string[];
  readonly cases: readonly Case[];
}

export interface Case {
  readonly name: string;
  /** A nearer place in the specification than the file's. */
  readonly spec?: string;
  /** Numbers of docs/acceptance behaviours that the case shows. */
  readonly covers?: readonly number[];
  /** A feature that a server may have switched off: `forwarded`, `benchmark`, `integrity`; `base`: that it tells its own base URL; or a place that it may not have: `sharded`, the four shards of the default. The case is left out where the target lacks it. */
  readonly needs?: string;
  /** Runs the case once for each of these, as `{{each}}`. */
  readonly each?: readonly string[];
  /** Set-up: each step must answer 2xx. */
  readonly given?: readonly Step[];
  readonly steps?: readonly Step[];
  /**
   * Searches, and the ids that each finds among what carries the tag `{{world}}`, written without the `{{world}}-` before each:
   * `"Observation?date=2018": "day month"`, "" for none. Run after the steps.
   */
  readonly finds?: Readonly<Record<string, string>>;
}

export interface Step {
  readonly request: CaseRequest;
  readonly expect?: Expectation;
  /** Sends the request so many times at once; `expect.statuses` counts the answers. */
  readonly times?: number;
  /** Whoever asks may see what `never` forbids. */
  readonly isInsider?: true;
  /** Keeps the answer for `Expectation.like`. */
  readonly as?: string;
  /** Keeps parts of the answer for later steps as `{{name}}`: "status", "header.ETag", "body.id", "body.entry[0].response.location". */
  readonly save?: Readonly<Record<string, string>>;
}

/** Everywhere `{{name}}` stands for what was saved, `{{unique}}` for text of this run of the case only. */
export interface CaseRequest {
  readonly method: string;
  /** Below the base: "Patient/{{id}}?_summary=true"; absolute URLs are taken as they are. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON, `application/fhir+json` unless a header says otherwise. */
  readonly body?: unknown;
  /** Sent as it is. */
  readonly text?: string;
  /** A text built of a part repeated: `{ "start": "[", "repeat": "[", "times": 100, "end": "" }`. */
  readonly built?: { readonly start: string; readonly repeat: string; readonly times: number; readonly end: string };
  /** The SMART scopes of the token; null for none. Default `system/*.cruds`. */
  readonly scope?: string | null;
  /** The client that the token is for; default `conformance`. */
  readonly client?: string;
  /** The token's launch context: a patient's id, and who the user is ("Practitioner/1"). */
  readonly patient?: string;
  readonly fhirUser?: string;
  /** What the token is for, a code of v3-ActReason. */
  readonly purpose?: string;
  /** Instead of a good token. */
  readonly forged?: Forgery;
}

export interface Expectation {
  /** One status, or any of several. */
  readonly status?: number | readonly number[];
  /** With `times`: how many answers have which status. */
  readonly statuses?: Readonly<Record<string, number>>;
  /** A header's whole value, `/a pattern/`, or null for a header that must not be there. */
  readonly headers?: Readonly<Record<string, string | null>>;
  /** By path in the JSON body: the value, `/a pattern/`, or null for what must not be there. "entry.length" counts. */
  readonly body?: Readonly<Record<string, unknown>>;
  /** The ids of a searchset's matches, in any order; `total` is their number. */
  readonly found?: readonly string[];
  /** Texts that the body holds, to the letter. */
  readonly text?: readonly string[];
  /** Texts that the body does not hold. */
  readonly not?: readonly string[];
  /** The answer is that of an earlier step (`Step.as`) to the letter, but for these texts, of which each stands for the same. */
  readonly like?: { readonly answer: string; readonly but: readonly string[] };
  /** The body is empty. */
  readonly empty?: boolean;
}
