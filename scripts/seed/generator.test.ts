/** The 20 kinds of records that hospitals keep, all there, linked, and the same for the same seed. */
import { createHash } from 'node:crypto';
import type { Bundle, Resource } from '@medplum/fhirtypes';
import { describe, expect, test } from 'vitest';
import { createRecordGenerator, generatePatientBundle } from './generator.ts';

const generator = createRecordGenerator(7);
const shared = generator.sharedBundle();
const patients = Array.from({ length: 40 }, (_, index) => generator.patientBundle(index));
const resourcesOf = (bundle: Bundle): Resource[] => (bundle.entry ?? []).flatMap((entry) => entry.resource ?? []);
const all = [shared, ...patients].flatMap(resourcesOf);
const hash = (value: unknown) => createHash('sha256').update(JSON.stringify(value)).digest('hex');

function find<T extends Resource['resourceType']>(type: T, holds: (resource: Extract<Resource, { resourceType: T }>) => unknown) {
  return all.filter((resource): resource is Extract<Resource, { resourceType: T }> => resource.resourceType === type).filter(holds);
}

describe('determinism', () => {
  test('the same seed and index give the same bytes, in any order', () => {
    expect(hash(createRecordGenerator(7).patientBundle(31))).toBe(hash(patients[31]));
    expect(hash(generatePatientBundle(7, 3))).toBe(hash(patients[3]));
    expect(hash(createRecordGenerator(7).sharedBundle())).toBe(hash(shared));
  });

  test('on any machine and day: pinned', () => {
    expect({ shared: hash(shared).slice(0, 16), patient: hash(patients[0]).slice(0, 16) }).toMatchInlineSnapshot(`
      {
        "patient": "4c97c2cafa94dcb6",
        "shared": "88490a4ba4f32abe",
      }
    `);
  });

  test('other seeds and indices give other records', () => {
    expect(new Set([...patients, generatePatientBundle(8, 0)].map(hash)).size).toBe(patients.length + 1);
  });
});

describe('links', () => {
  const keys = new Set(
    resourcesOf(shared).flatMap((resource) => {
      const [identifier] = (resource as { identifier?: { system: string; value: string }[] }).identifier ?? [];
      return identifier ? [`${resource.resourceType}?identifier=${identifier.system}|${identifier.value}`] : [];
    }),
  );

  test.each([shared, ...patients])('every reference of Bundle %# leads to an entry or to the shared Bundle', (bundle) => {
    const own = new Set(bundle.entry?.map((entry) => entry.fullUrl));
    const links = [...JSON.stringify(bundle).matchAll(/"(?:reference|url)":"((?:urn:uuid:|[A-Z]\w+\?)[^"]*)"/g)].map(
      (match) => match[1] ?? '',
    );
    expect(links.length).toBeGreaterThan(10);
    expect(links.filter((link) => !own.has(link) && !keys.has(link))).toEqual([]);
  });

  test('the shared Bundle may be sent twice: each entry is a conditional create on an identifier of its own', () => {
    const criteria = shared.entry?.map((entry) => `${entry.resource?.resourceType}?${entry.request?.ifNoneExist}`) ?? [];
    expect(new Set(criteria)).toEqual(keys);
    expect(keys.size).toBe(criteria.length);
  });
});

test.each<[string, Resource[]]>([
  ['patient', find('Patient', (p) => p.name && p.birthDate && p.gender && p.address && p.telecom?.some((t) => t.system === 'email'))],
  ['doctor', find('Practitioner', (p) => p.name)],
  ['doctor: specialty and office hours', find('PractitionerRole', (r) => r.specialty && r.availableTime && r.practitioner)],
  ['doctor: schedule', find('Schedule', (s) => s.actor.length === 2)],
  ['doctor: free slots', find('Slot', (s) => s.status === 'free')],
  ['clinic', find('Organization', (o) => o.name?.includes('Clinic'))],
  ['clinic: place', find('Location', (l) => l.managingOrganization)],
  ['clinic: services', find('HealthcareService', (s) => s.specialty)],
  ['appointment', find('Appointment', (a) => a.slot && a.participant.length === 3)],
  ['visit', find('Encounter', (e) => e.class.code === 'AMB' && e.diagnosis)],
  ['diagnosis', find('Condition', (c) => c.code?.coding?.length === 2)],
  ['symptom journal', find('QuestionnaireResponse', (q) => q.item?.length === 3)],
  ['symptom', find('Observation', (o) => o.valueInteger !== undefined)],
  ['health log: height', find('Observation', (o) => o.valueQuantity?.unit === 'cm')],
  ['health log: weight', find('Observation', (o) => o.valueQuantity?.unit === 'kg')],
  ['test: order', find('ServiceRequest', () => true)],
  ['test: result and recommendation', find('DiagnosticReport', (r) => r.result?.length && r.conclusion?.includes('Recommendation'))],
  ['prescription', find('MedicationRequest', (r) => r.dosageInstruction)],
  ['medication taken', find('MedicationStatement', (s) => s.basedOn)],
  ['medication with manufacturer', find('Medication', (m) => m.manufacturer)],
  ['allergy', find('AllergyIntolerance', (a) => a.reaction)],
  ['admission with department', find('Encounter', (e) => e.class.code === 'IMP' && e.serviceType && e.location)],
  ['discharge summary', find('Composition', (c) => c.section?.length)],
  ['bill', find('Claim', (c) => c.insurer && c.total)],
  ['bill: policy number', find('Coverage', (c) => c.subscriberId && c.payor)],
  ['bill: decision and payment', find('ExplanationOfBenefit', (e) => e.payment)],
  ['bill: unpaid', find('Invoice', (i) => i.status === 'issued')],
  ['bill: payment status', find('PaymentNotice', (n) => n.paymentStatus)],
  ['account', find('Account', (a) => a.coverage)],
  ['attachment', find('DocumentReference', (d) => d.content.some((c) => c.attachment.data))],
  ['attachment: file', find('Binary', (b) => b.data && b.securityContext)],
  ['medical image', find('Media', (m) => m.content.contentType === 'image/png')],
  ['sensor series', find('Observation', (o) => o.valueSampledData)],
])('%s', (_, found) => expect(found).not.toHaveLength(0));

test('admissions spread over several years', () => {
  const years = new Set(find('Encounter', (e) => e.class.code === 'IMP').map((encounter) => encounter.period?.start?.slice(0, 4)));
  expect(years.size).toBeGreaterThanOrEqual(4);
});
