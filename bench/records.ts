/** The records that the benchmark writes one by one: an Observation of about 1.2 kB and a Claim. */
import type { Claim, Observation } from '@medplum/fhirtypes';

const LOINC = 'http://loinc.org';
const UCUM = 'http://unitsofmeasure.org';

export const IDENTIFIER_SYSTEM = 'https://bench.meridian.example/id';

/** A vital sign with two components; `marker` is its identifier's value. */
export function observation(patientId: string, marker: string, value: number, id?: string): Observation {
  return {
    resourceType: 'Observation',
    ...(id && { id }),
    identifier: [{ system: IDENTIFIER_SYSTEM, value: marker }],
    status: 'final',
    category: [
      {
        coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'vital-signs', display: 'Vital Signs' }],
        text: 'Vital Signs',
      },
    ],
    code: { coding: [{ system: LOINC, code: '85354-9', display: 'Blood pressure panel' }], text: 'Blood pressure systolic and diastolic' },
    subject: { reference: `Patient/${patientId}` },
    effectiveDateTime: '2026-05-04T09:30:00Z',
    issued: '2026-05-04T09:31:12.345Z',
    interpretation: [
      {
        coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation', code: 'N', display: 'Normal' }],
      },
    ],
    component: [
      component('8480-6', 'Systolic blood pressure', 100 + (value % 60)),
      component('8462-4', 'Diastolic blood pressure', 60 + (value % 30)),
    ],
  };
}

function component(code: string, display: string, value: number): NonNullable<Observation['component']>[number] {
  return {
    code: { coding: [{ system: LOINC, code, display }], text: display },
    valueQuantity: { value, unit: 'mmHg', system: UCUM, code: 'mm[Hg]' },
  };
}

/** A bill, which PostgreSQL keeps. */
export function claim(patientId: string, marker: string): Claim {
  return {
    resourceType: 'Claim',
    identifier: [{ system: IDENTIFIER_SYSTEM, value: marker }],
    status: 'active',
    type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/claim-type', code: 'professional' }] },
    use: 'claim',
    patient: { reference: `Patient/${patientId}` },
    billablePeriod: { start: '2026-05-04T09:30:00Z', end: '2026-05-04T10:00:00Z' },
    created: '2026-05-04T10:00:00Z',
    provider: { display: 'Bench Clinic' },
    priority: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/processpriority', code: 'normal' }] },
    insurance: [{ sequence: 1, focal: true, coverage: { display: 'Harbour Health' } }],
    item: [
      {
        sequence: 1,
        productOrService: { coding: [{ system: 'http://snomed.info/sct', code: '185349003', display: 'Encounter for check up' }] },
        unitPrice: { value: 85, currency: 'EUR' },
        net: { value: 85, currency: 'EUR' },
      },
    ],
    total: { value: 85, currency: 'EUR' },
  };
}
