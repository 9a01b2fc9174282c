/** Codes of the terminologies that seeded records use. */
import type { CodeableConcept, Coding, Identifier, Quantity, Reference, Resource } from '@medplum/fhirtypes';

export const SNOMED = 'http://snomed.info/sct';
export const LOINC = 'http://loinc.org';
export const UCUM = 'http://unitsofmeasure.org';
export const ICD10 = 'http://hl7.org/fhir/sid/icd-10';
export const ATC = 'http://www.whocc.no/atc';

/** `http://terminology.hl7.org/CodeSystem/<name>` */
export const hl7 = (name: string): string => `http://terminology.hl7.org/CodeSystem/${name}`;

/** A code with its words, as the tables of `catalogue` hold it. */
export interface Term {
  readonly code: string;
  readonly display: string;
}

export const coding = (system: string, term: Term): Coding => ({ system, code: term.code, display: term.display });
export const concept = (system: string, term: Term): CodeableConcept => ({ coding: [coding(system, term)], text: term.display });
/** A concept of a FHIR code system whose codes speak for themselves. */
export const plain = (system: string, code: string): CodeableConcept => ({ coding: [{ system, code }] });

export const quantity = (value: number, unit: string, code = unit): Quantity => ({ value, unit, system: UCUM, code });

const IDENTIFIER_ROOT = 'https://seed.meridian.example/id';

/** An identifier of seeded records: its system says what kind of thing it names. */
export const identifier = (kind: string, value: string): Identifier => ({ system: `${IDENTIFIER_ROOT}/${kind}`, value });
/** `identifier=<system>|<value>`, for `ifNoneExist` and conditional references. */
export const criteria = (kind: string, value: string): string => `identifier=${IDENTIFIER_ROOT}/${kind}|${value}`;
/** A reference to a resource that is already on the server, found by its identifier. */
export function conditional<R extends Resource>(type: R['resourceType'], kind: string, value: string, display?: string): Reference<R> {
  return { reference: `${type}?${criteria(kind, value)}`, ...(display && { display }) };
}
