/**
 * The records that the search phases look through: 500 patients with 29 resources each, as in the measurements of HAPI that
 * they are held against.
 */
import { postBundle, type Scene } from './scene.ts';

export const SEARCH_SYSTEM = 'https://bench.meridian.example/patient';
export const LOINC_CODES = ['8867-4', '8310-5', '29463-7'] as const;
/** Observations of each code that a patient has. */
export const OBSERVATIONS_OF_A_CODE = 5;
export const ENCOUNTERS = 3;
export const CLAIMS = 3;
/** What a page that shows a patient asks for, and how many a patient has of each. */
export const OVERVIEW = {
  Observation: LOINC_CODES.length * OBSERVATIONS_OF_A_CODE,
  Condition: 3,
  Procedure: 2,
  MedicationRequest: 2,
} as const;
export const RECORD_SIZE = 29;

/** One patient of the search phases. */
export interface SearchPatient {
  readonly id: string;
  readonly number: number;
  readonly family: string;
}

/** Families are few letters apart, and no patient's is the beginning of another's. */
const familyOf = (number: number): string => `Fam${String.fromCharCode(97 + (number % 26))}${String(number).padStart(6, '0')}`;

const LOINC = 'http://loinc.org';
const SNOMED = 'http://snomed.info/sct';
const ACT = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';

const dayOf = (n: number) => new Date(Date.UTC(2024, 0, 1 + (n % 700), 8 + (n % 9))).toISOString();
const coded = (system: string, code: string, display: string) => ({ coding: [{ system, code, display }], text: display });

/** The patient's record as a transaction. */
function recordBundle(number: number): object {
  const urn = (kind: string, n = 0) =>
    `urn:uuid:00000000-0000-4000-8000-${String(number).padStart(6, '0')}${kind}${String(n).padStart(4, '0')}`;
  const patient = { reference: urn('aa') };
  const entry: object[] = [];
  const add = (fullUrl: string, resource: { readonly resourceType: string } & Record<string, unknown>) =>
    entry.push({ fullUrl, resource, request: { method: 'POST', url: resource.resourceType } });
  add(urn('aa'), {
    resourceType: 'Patient',
    identifier: [{ system: SEARCH_SYSTEM, value: `p-${number}` }],
    name: [{ family: familyOf(number), given: ['Ada', 'Maria'] }],
    gender: number % 2 ? 'female' : 'male',
    birthDate: `19${String(30 + (number % 70)).padStart(2, '0')}-05-17`,
    telecom: [{ system: 'phone', value: `+44 20 7946 ${String(number % 10_000).padStart(4, '0')}` }],
    address: [{ line: ['1 High Street'], city: 'Leeds', postalCode: 'LS1 4AP', country: 'GB' }],
  });
  for (let n = 0; n < ENCOUNTERS; n++) {
    const start = dayOf(number * 7 + n * 211);
    add(urn('bb', n), {
      resourceType: 'Encounter',
      status: 'finished',
      class: { system: ACT, code: 'AMB', display: 'ambulatory' },
      type: [coded(SNOMED, '185349003', 'Encounter for check up')],
      subject: patient,
      period: { start, end: start.replace(/T(\d\d)/, (_, hour) => `T${String(Number(hour) + 1).padStart(2, '0')}`) },
    });
  }
  for (let n = 0; n < OVERVIEW.Observation; n++) {
    const code = LOINC_CODES[n % LOINC_CODES.length] as string;
    add(urn('cc', n), {
      resourceType: 'Observation',
      status: 'final',
      category: [coded('http://terminology.hl7.org/CodeSystem/observation-category', 'vital-signs', 'Vital Signs')],
      code: coded(LOINC, code, 'A vital sign'),
      subject: patient,
      encounter: { reference: urn('bb', n % ENCOUNTERS) },
      effectiveDateTime: dayOf(number * 7 + n * 41),
      valueQuantity: { value: 60 + (n % 40), unit: '/min', system: 'http://unitsofmeasure.org', code: '/min' },
    });
  }
  for (let n = 0; n < OVERVIEW.Condition; n++) {
    add(urn('dd', n), {
      resourceType: 'Condition',
      clinicalStatus: coded('http://terminology.hl7.org/CodeSystem/condition-clinical', 'active', 'Active'),
      code: coded(SNOMED, String(38341003 + n), 'Hypertension'),
      subject: patient,
      onsetDateTime: dayOf(number + n * 90),
    });
  }
  for (let n = 0; n < OVERVIEW.Procedure; n++) {
    add(urn('ee', n), {
      resourceType: 'Procedure',
      status: 'completed',
      code: coded(SNOMED, '430193006', 'Medication reconciliation'),
      subject: patient,
      performedDateTime: dayOf(number + n * 33),
    });
    add(urn('ff', n), {
      resourceType: 'MedicationRequest',
      status: 'active',
      intent: 'order',
      medicationCodeableConcept: coded('http://www.nlm.nih.gov/research/umls/rxnorm', '314076', 'Lisinopril 10 MG Oral Tablet'),
      subject: patient,
      authoredOn: dayOf(number + n * 57),
    });
  }
  for (let n = 0; n < CLAIMS; n++) {
    add(urn('0c', n), {
      resourceType: 'Claim',
      status: 'active',
      type: coded('http://terminology.hl7.org/CodeSystem/claim-type', 'professional', 'Professional'),
      use: 'claim',
      patient,
      created: dayOf(number * 7 + n * 211),
      provider: { display: 'Bench Clinic' },
      priority: coded('http://terminology.hl7.org/CodeSystem/processpriority', 'normal', 'Normal'),
      insurance: [{ sequence: 1, focal: true, coverage: { display: 'Harbour Health' } }],
      total: { value: 85, currency: 'EUR' },
    });
  }
  return { resourceType: 'Bundle', type: 'transaction', entry };
}

/** How many records are sent at once. */
const AT_ONCE = 8;

/** Loads the records of `count` patients, numbered from `first`. */
export async function loadSearchRecords({ client }: Pick<Scene, 'client'>, count: number, first = 0): Promise<SearchPatient[]> {
  const patients: SearchPatient[] = [];
  for (let from = 0; from < count; from += AT_ONCE) {
    const numbers = Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, n) => first + from + n);
    const made = await Promise.all(
      numbers.map(async (number) => {
        const ids = await postBundle(client, JSON.stringify(recordBundle(number)));
        return { number, family: familyOf(number), id: ids[0]?.id ?? '' };
      }),
    );
    patients.push(...made);
  }
  return patients;
}
