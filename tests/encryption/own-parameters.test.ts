/** SearchParameters of one's own over what is encrypted: refused, not answered with nothing. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testEncryption } from '../support/encryption.ts';
import { type ServedGateway, serveMemoryGateway } from '../support/memory-gateway.ts';

let gateway: ServedGateway;
beforeAll(async () => {
  gateway = await serveMemoryGateway({ encryption: testEncryption() });
});
afterAll(() => gateway.close());

async function post(type: string, base: string, expression: string) {
  const name = `p${Math.abs(hashOf(`${type} ${base} ${expression}`))}`;
  const parameter = { resourceType: 'SearchParameter', url: `urn:${name}`, name, code: name, status: 'active', description: 'own' };
  const response = await fetch(`${gateway.baseUrl}/SearchParameter`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${await gateway.token('system/*.cruds')}`, 'Content-Type': 'application/fhir+json' },
    body: JSON.stringify({ ...parameter, base: [base], type, expression }),
  });
  return { status: response.status, text: await response.text() };
}

const hashOf = (text: string) => [...text].reduce((hash, letter) => (hash * 31 + letter.charCodeAt(0)) | 0, 7);

test.each([
  ['string', 'Patient', 'Patient.identifier.value'],
  ['token', 'Patient', 'Patient.identifier.value'],
  ['string', 'Patient', "Patient.name.family | Patient.identifier.where(use = 'official').value"],
  ['uri', 'Patient', "Patient.identifier.where(value = '4711').system"],
  ['string', 'Observation', 'Observation.subject.identifier.value'],
  ['string', 'Patient', "Patient.extension.where(url = 'urn:mrn').value.ofType(Identifier).value"],
  ['string', 'Coverage', 'Coverage.subscriberId'],
])('a %s over %s %s is refused with the reason', async (type, base, expression) => {
  const { status, text } = await post(type, base, expression);
  expect([status, text]).toEqual([
    422,
    expect.stringMatching(/SearchParameter\.expression: of \w+, it reads (Identifier\.value|Coverage\.subscriberId), which field/),
  ]);
});

test.each([
  ['token', 'Patient', "Patient.identifier.where(use = 'usual')"],
  ['uri', 'Patient', 'Patient.identifier.system'],
  ['string', 'Patient', 'Patient.contact.name.family'],
  ['string', 'Observation', 'Observation.value.ofType(string)'],
])('a %s over %s %s is taken', async (type, base, expression) => {
  expect((await post(type, base, expression)).status).toBe(201);
});
