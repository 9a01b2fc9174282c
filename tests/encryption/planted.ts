/** A record with identifiers in every place where one may stand, written and asked about in every way. */
import { expect } from 'vitest';
import type { Ask } from './gateways.ts';

const V2_0203 = 'http://terminology.hl7.org/CodeSystem/v2-0203';
const SSN_SYSTEM = 'http://hl7.org/fhir/sid/us-ssn';

/** What must be nowhere. Letters and digits of forms that nothing else has. */
export const PLANTED = {
  mrn: 'MRN-Q7x31Z',
  secondMrn: 'MRN-Q7x32Z',
  ssn: '912-55-7731',
  member: 'MEMB-99xKp2',
  subscriber: 'SUBSC-77Lq5',
  licence: 'DLIC-4Tz88w',
  conditional: 'MRN-Cnd55Rt',
} as const;

export const ALL_PLANTED: readonly string[] = Object.values(PLANTED);

/** A search parameter that would show identifiers. */
export const OVER_IDENTIFIERS = {
  resourceType: 'SearchParameter',
  id: 'mrn-text',
  url: 'urn:mrn-text',
  name: 'mrnText',
  status: 'active',
  description: 'identifiers as strings',
  code: 'mrn-text',
  base: ['Patient'],
  type: 'string',
  expression: 'Patient.identifier.value',
};

const typed = (code: string, value: string, system = 'urn:hospital') => ({
  type: { coding: [{ system: V2_0203, code }], text: 'a number' },
  system,
  value,
});

export const patientText = (mrn: string) =>
  `{"resourceType":"Patient","id":"planted", "text":{"status":"generated","div":"<div xmlns=\\"http://www.w3.org/1999/xhtml\\">SSN ${PLANTED.ssn}, ${mrn}.</div>"},` +
  `"identifier":[${JSON.stringify(typed('MR', mrn))},${JSON.stringify({ system: SSN_SYSTEM, value: PLANTED.ssn })},${JSON.stringify(typed('DL', PLANTED.licence))}],` +
  `"name":[{"family":"Curie","text":"Curie (${mrn})"}],"multipleBirthInteger":2,"extension":[{"url":"urn:weight","valueDecimal":1.500}]}`;

const logical = (value: string) => ({ identifier: typed('MR', value), display: `patient ${value}` });

const observation = (mrn: string) => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'weight' },
  subject: { reference: 'Patient/planted', ...logical(mrn) },
  performer: [{ identifier: typed('MR', mrn) }],
  note: [{ text: `of ${mrn}` }],
});

const coverage = {
  resourceType: 'Coverage',
  id: 'planted-cover',
  status: 'active',
  identifier: [typed('MB', PLANTED.member)],
  subscriberId: PLANTED.subscriber,
  beneficiary: { reference: 'Patient/planted' },
  payor: [{ display: 'House' }],
};

const encounter = (mrn: string) => ({
  resourceType: 'Encounter',
  id: 'planted-stay',
  status: 'finished',
  class: { code: 'AMB' },
  identifier: [typed('AN', mrn)],
  subject: { reference: 'Patient/planted' },
  period: { start: '2026-01-01' },
  participant: [{ individual: { reference: '#r' } }],
  contained: [
    { resourceType: 'RelatedPerson', id: 'r', identifier: [typed('SS', PLANTED.ssn)], patient: { reference: 'Patient/planted' } },
  ],
});

async function done(answer: ReturnType<Ask>, ...statuses: readonly number[]) {
  const { status, text, json } = await answer;
  expect([status, text]).toEqual([expect.toBeOneOf([...statuses]), expect.anything()]);
  return json;
}

/** Versions, deletions, Bundles over both stores, conditional and repeatable writes, searches of every form. */
export async function plant(ask: Ask): Promise<void> {
  await done(ask('PUT', 'Patient/planted', patientText(PLANTED.mrn)), 201);
  await done(ask('PUT', 'Patient/planted', patientText(PLANTED.secondMrn)), 200);
  await done(ask('PUT', 'Coverage/planted-cover', coverage), 201);
  await done(ask('PUT', 'Encounter/planted-stay', encounter(PLANTED.mrn)), 201);
  await done(ask('PUT', 'Encounter/planted-stay', encounter(PLANTED.secondMrn)), 200);
  const patch = [{ op: 'add', path: '/gender', value: 'female' }];
  await done(ask('PATCH', 'Patient/planted', patch, { 'Content-Type': 'application/json-patch+json' }), 200);
  const made = await done(ask('POST', 'Observation', observation(PLANTED.mrn), { 'Idempotency-Key': '"planted-1"' }), 201);
  await done(ask('DELETE', `Observation/${made.id}`), 204, 200);
  const entry = [
    {
      request: { method: 'POST', url: 'Observation' },
      resource: { ...observation(PLANTED.secondMrn), subject: { reference: `Patient?identifier=${PLANTED.secondMrn}` } },
    },
    { request: { method: 'PUT', url: 'Encounter/planted-two' }, resource: { ...encounter(PLANTED.mrn), id: 'planted-two' } },
  ];
  await done(ask('POST', '', { resourceType: 'Bundle', type: 'transaction', entry }), 200);
  const another = { resourceType: 'Patient', identifier: [typed('MR', PLANTED.conditional)] };
  const header = { 'If-None-Exist': `identifier=urn:hospital|${PLANTED.conditional}` };
  await done(ask('POST', 'Patient', another, header), 201);
  await done(ask('POST', 'Patient', another, header), 200);
  await done(ask('PUT', `Patient?identifier=${PLANTED.conditional}`, { ...another, active: true }), 200);
  await done(ask('POST', 'Patient/_search', `identifier=${PLANTED.ssn}`, { 'Content-Type': 'application/x-www-form-urlencoded' }), 200);
}

/** Each finds one resource, or as many as it says. */
const SEARCHES: readonly (readonly [string, number])[] = [
  [`Patient?identifier=${PLANTED.secondMrn}`, 1],
  [`Patient?identifier=urn:hospital|${PLANTED.secondMrn}`, 1],
  [`Patient?identifier=urn:other|${PLANTED.secondMrn}`, 0],
  [`Patient?identifier=${PLANTED.mrn}`, 0],
  [`Patient?identifier=${PLANTED.secondMrn.toLowerCase()}`, 0],
  [`Patient?identifier=${SSN_SYSTEM}|`, 1],
  [`Patient?identifier:of-type=${V2_0203}|DL|${PLANTED.licence}`, 1],
  [`Patient?identifier:of-type=${V2_0203}|MR|${PLANTED.licence}`, 0],
  [`Patient?identifier:not=${PLANTED.secondMrn}`, 1],
  [`Patient?identifier=${PLANTED.ssn},${PLANTED.conditional}`, 2],
  [`Patient?_filter=identifier eq ${PLANTED.ssn}`, 1],
  [`Coverage?identifier=${PLANTED.member}`, 1],
  [`Coverage?beneficiary.identifier=${PLANTED.ssn}`, 1],
  [`Patient?_has:Coverage:beneficiary:identifier=${PLANTED.member}`, 1],
  [`Observation?subject.identifier=${PLANTED.ssn}`, 1],
  [`Observation?performer:identifier=urn:hospital|${PLANTED.secondMrn}`, 1],
  [`Encounter?identifier=${PLANTED.secondMrn}&patient.identifier=${PLANTED.licence}`, 1],
];

export async function expectFound(ask: Ask): Promise<void> {
  const found = await Promise.all(
    SEARCHES.map(async ([path]) => {
      const { json } = await ask('GET', `${path.replaceAll(' ', '%20')}&_total=accurate`);
      return [path, json.total];
    }),
  );
  expect(found).toEqual(SEARCHES);
}
