/** The person: Patient, allergies, and who pays: Coverage and Account. */
import type { Faker } from '@faker-js/faker';
import type { Account, AllergyIntolerance, Coverage, Patient } from '@medplum/fhirtypes';
import { ALLERGIES } from '../catalogue/allergies.ts';
import { concept, hl7, identifier, plain, SNOMED } from '../coding.ts';
import { type Directory, findDoctor, keyOf } from '../directory.ts';
import type { Draft } from '../draft.ts';
import { REFERENCE_TIME } from '../random.ts';
import { insurerReference, organizationReference, practitionerReference, type Scene } from '../scene.ts';
import { DAY, dateTime, day } from '../times.ts';

const MARITAL = ['M', 'S', 'D', 'W'] as const;

/** Starts a record with its Patient, Coverage and Account. `index` is the patient's number in the seed. */
export function addPerson(random: Faker, draft: Draft, directory: Directory, index: number): Scene {
  const key = keyOf(directory.seed, `patient-${index}`);
  const gender = random.helpers.weightedArrayElement([
    { weight: 50, value: 'female' as const },
    { weight: 49, value: 'male' as const },
    { weight: 1, value: 'other' as const },
  ]);
  const sex = gender === 'other' ? undefined : gender;
  const name = { given: [random.person.firstName(sex), random.person.middleName(sex)], family: random.person.lastName(sex) };
  const display = `${name.given[0]} ${name.family}`;
  const doctor = findDoctor(random, directory, 'general');
  const patient = draft.add<Patient>(
    {
      resourceType: 'Patient',
      identifier: [
        {
          use: 'official',
          type: { coding: [{ system: hl7('v2-0203'), code: 'MR', display: 'Medical record number' }] },
          ...identifier('patient', key),
        },
      ],
      active: true,
      name: [{ use: 'official', ...name }],
      telecom: [
        { system: 'phone', value: random.phone.number({ style: 'international' }), use: 'mobile' },
        {
          system: 'email',
          value: random.internet.email({ firstName: display.split(' ')[0], lastName: name.family, provider: 'mail.example' }),
          use: 'home',
        },
      ],
      gender,
      birthDate: day(random.date.birthdate({ mode: 'age', min: 1, max: 95 }).getTime()),
      address: [
        {
          use: 'home',
          line: [random.location.streetAddress()],
          city: random.location.city(),
          state: random.location.state({ abbreviated: true }),
          postalCode: random.location.zipCode('#####'),
          country: 'US',
        },
      ],
      maritalStatus: plain(hl7('v3-MaritalStatus'), random.helpers.arrayElement(MARITAL)),
      communication: [{ language: { coding: [{ system: 'urn:ietf:bcp:47', code: 'en-US' }] }, preferred: true }],
      generalPractitioner: [practitionerReference(doctor)],
      managingOrganization: organizationReference(doctor.site),
    },
    { display },
  );
  let number = 0;
  const insurer = random.helpers.arrayElement(directory.insurers);
  const coverage = draft.add<Coverage>({
    resourceType: 'Coverage',
    identifier: [identifier('policy', `${key}-${random.string.numeric(8)}`)],
    status: 'active',
    subscriber: patient,
    subscriberId: `POL-${random.string.alphanumeric({ length: 10, casing: 'upper' })}`,
    beneficiary: patient,
    relationship: plain(hl7('subscriber-relationship'), 'self'),
    period: { start: day(REFERENCE_TIME - 6 * 365 * DAY) },
    payor: [insurerReference(insurer)],
    class: [{ type: plain(hl7('coverage-class'), 'plan'), value: insurer.plan.toLowerCase(), name: `${insurer.name} ${insurer.plan}` }],
  });
  addAccount(draft, key, patient, coverage);
  return { random, draft, directory, key, patient, coverage, insurer, nextNumber: () => ++number };
}

function addAccount(draft: Draft, key: string, patient: Scene['patient'], coverage: Scene['coverage']): void {
  draft.add<Account>({
    resourceType: 'Account',
    identifier: [identifier('account', key)],
    status: 'active',
    type: plain(hl7('v3-ActCode'), 'PBILLACCT'),
    name: `Account of ${patient.display}`,
    subject: [patient],
    servicePeriod: { start: dateTime(REFERENCE_TIME - 5 * 365 * DAY) },
    coverage: [{ coverage, priority: 1 }],
  });
}

/** None to three AllergyIntolerances. */
export function addAllergies(scene: Scene): void {
  const { random, draft, patient } = scene;
  const count = random.helpers.weightedArrayElement([
    { weight: 5, value: 0 },
    { weight: 3, value: 1 },
    { weight: 2, value: 3 },
  ]);
  for (const allergy of random.helpers.arrayElements(ALLERGIES, count)) {
    const severe = allergy.reaction.display === 'Anaphylaxis';
    draft.add<AllergyIntolerance>({
      resourceType: 'AllergyIntolerance',
      clinicalStatus: plain(hl7('allergyintolerance-clinical'), 'active'),
      verificationStatus: plain(hl7('allergyintolerance-verification'), 'confirmed'),
      type: allergy.type,
      category: [allergy.category],
      criticality: severe ? 'high' : 'low',
      code: concept(SNOMED, allergy),
      patient,
      recordedDate: dateTime(random.date.past({ years: 8 }).getTime()),
      reaction: [{ manifestation: [concept(SNOMED, allergy.reaction)], severity: severe ? 'severe' : 'mild' }],
    });
  }
}
