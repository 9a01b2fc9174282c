/** Levels of confidentiality, the least first. @see https://terminology.hl7.org/CodeSystem-v3-Confidentiality.html */
export const CONFIDENTIALITY: readonly string[] = ['U', 'L', 'M', 'N', 'R', 'V'];

/** The code system, also as earlier versions of FHIR and CDA named it, and left out. */
export const CONFIDENTIALITY_SYSTEMS: readonly string[] = [
  'http://terminology.hl7.org/CodeSystem/v3-Confidentiality',
  'http://hl7.org/fhir/v3/Confidentiality',
  'urn:oid:2.16.840.1.113883.5.25',
  '',
];

export const isConfidentiality = (system: string): boolean => CONFIDENTIALITY_SYSTEMS.includes(system);
