/**
 * A privacy Consent as a rule: plain data, made once when the Consent is read.
 *
 * R4 leaves the decision of the root to `policyRule` (OPTIN, OPTOUT) and lets `provision.type` speak for nested provisions
 * only; a `type` at the root is taken too, since that is how many write it.
 *
 * @see https://hl7.org/fhir/R4/consent.html
 */
import type { ResourceKey } from '../../model/resource.ts';
import type { ScopeLetter } from '../scopes.ts';

export type Decision = 'permit' | 'deny';

/** Who receives: a reference ("Practitioner/1", or "Practitioner/1@https://other/fhir"), or an identifier as in AuditEvent. */
export interface Actor {
  readonly reference?: string;
  /** Without a system it is an OAuth client; with one, a user of that issuer. */
  readonly identifier?: { readonly system?: string; readonly value: string };
}

export interface Label {
  readonly system: string;
  readonly code: string;
}

/** Milliseconds since 1970, both ends included; infinite where one is open. */
export interface Time {
  readonly from: number;
  readonly until: number;
}

/**
 * Which data a named resource stands for: itself; with what refers to it; with what it refers to; what it has authored.
 * @see https://hl7.org/fhir/R4/valueset-consent-data-meaning.html
 */
export type DataMeaning = 'instance' | 'dependents' | 'related' | 'authoredby';

export interface NamedData extends ResourceKey {
  readonly meaning: DataMeaning;
}

/** What a provision says, and when. Absent conditions always hold; of a list, one is enough; all conditions must hold. */
export interface Provision {
  /** Absent: it decides nothing itself, what is nested in it may. */
  readonly decision?: Decision;
  /** When the rule is in force. */
  readonly period?: Time;
  readonly actors?: readonly Actor[];
  /** Codes of v3-ActReason. */
  readonly purposes?: readonly string[];
  readonly letters?: readonly ScopeLetter[];
  /** Resource types. */
  readonly types?: readonly string[];
  readonly labels?: readonly Label[];
  /** Codes that the data bear. */
  readonly codes?: readonly Label[];
  /** When the care was that the data are of. */
  readonly dataTime?: Time;
  readonly data?: readonly NamedData[];
  /** Exceptions to this provision. */
  readonly nested: readonly Provision[];
}

export interface ConsentRule {
  readonly id: string;
  readonly version: number;
  /** Whose: "Patient/1". */
  readonly patient: string;
  /** `dateTime`, or `lastUpdated` where that is earlier or the only one: nobody dates a consent into the future. */
  readonly at: number;
  /** `meta.lastUpdated`: tells which of two is newer that bear the same date. */
  readonly updated: number;
  readonly root: Provision;
}
