/** A stay in hospital: Encounter with ward and department, Procedure, imaging, tests, prescriptions, discharge summary and bill. */
import type { Condition, Encounter, Location, Procedure } from '@medplum/fhirtypes';
import { INPATIENT_DIAGNOSES } from '../catalogue/diagnoses.ts';
import { SPECIALTIES } from '../catalogue/specialties.ts';
import { concept, conditional, hl7, identifier, plain, SNOMED } from '../coding.ts';
import { wardKey } from '../directory/site.ts';
import { type Doctor, departmentName, findDoctor } from '../directory.ts';
import type { Named } from '../draft.ts';
import { organizationReference, practitionerReference, type Scene } from '../scene.ts';
import { DAY, dateTime, officeTime } from '../times.ts';
import { addBill } from './bill.ts';
import { addTest } from './diagnostics.ts';
import { addDischargeSummary } from './discharge.ts';
import { addImage } from './imaging.ts';
import { addSensorSeries } from './measurements.ts';
import { addCondition, addDrugs } from './visit.ts';

const DAILY_RATE = 640;

type InpatientDiagnosis = (typeof INPATIENT_DIAGNOSES)[number];

interface Stay {
  readonly from: number;
  readonly to: number;
  readonly days: number;
  readonly diagnosis: InpatientDiagnosis;
  readonly doctor: Doctor;
  readonly encounter: Named<Encounter>;
  readonly condition: Named<Condition>;
}

/** One stay of the last six years. */
export function addAdmission(scene: Scene): void {
  const { random, draft } = scene;
  const diagnosis = random.helpers.arrayElement(INPATIENT_DIAGNOSES);
  const doctor = findDoctor(random, scene.directory, diagnosis.specialty, 'hospital');
  const days = random.number.int({ min: 1, max: 12 });
  const from = officeTime(random, 6) - days * DAY;
  const encounterUrl = draft.reserve();
  const encounter = { reference: encounterUrl };
  const condition = addCondition(scene, diagnosis, encounter, from, doctor);
  const stay: Stay = { from, to: from + days * DAY, days, diagnosis, doctor, encounter, condition };
  draft.addAs(encounterUrl, stayEncounter(scene, stay));
  addProcedure(scene, stay);
  for (const panel of diagnosis.panels) addTest(scene, { panel, at: from, encounter, reason: condition, doctor, advice: diagnosis.advice });
  if (diagnosis.specialty === 'cardiology') addSensorSeries(scene, { at: from, encounter });
  if (diagnosis.imaging) addImage(scene, { at: from, encounter, doctor, term: diagnosis.imaging });
  addDrugs(scene, diagnosis, { at: stay.to, encounter, condition, doctor });
  addDischargeSummary(scene, stay);
  const items = [
    { term: { code: '32485007', display: 'Hospital admission' }, price: DAILY_RATE * days },
    { term: diagnosis.procedure, price: random.number.int({ min: 300, max: 9000 }) },
  ];
  addBill(scene, { kind: 'institutional', encounter, diagnosis: condition, doctor, from, to: stay.to, items });
}

function stayEncounter(scene: Scene, { from, to, days, diagnosis, doctor, condition }: Stay): Encounter {
  const period = { start: dateTime(from), end: dateTime(to) };
  const ward = conditional<Location>('Location', 'location', wardKey(doctor.site, doctor.specialty), departmentName(doctor.specialty));
  return {
    resourceType: 'Encounter',
    identifier: [identifier('encounter', `${scene.key}-${scene.nextNumber()}`)],
    status: 'finished',
    class: { system: hl7('v3-ActCode'), code: 'IMP', display: 'inpatient encounter' },
    serviceType: concept(SNOMED, SPECIALTIES[doctor.specialty]),
    subject: scene.patient,
    participant: [{ type: [plain(hl7('v3-ParticipationType'), 'ATND')], individual: practitionerReference(doctor) }],
    period,
    length: { value: days, unit: 'days', system: 'http://unitsofmeasure.org', code: 'd' },
    reasonCode: [{ text: diagnosis.display }],
    diagnosis: [{ condition, use: plain(hl7('diagnosis-role'), 'DD'), rank: 1 }],
    hospitalization: { admitSource: plain(hl7('admit-source'), 'emd'), dischargeDisposition: plain(hl7('discharge-disposition'), 'home') },
    location: [{ location: ward, status: 'completed', period }],
    serviceProvider: organizationReference(doctor.site),
  };
}

function addProcedure(scene: Scene, { from, diagnosis, doctor, encounter, condition }: Stay): void {
  scene.draft.add<Procedure>({
    resourceType: 'Procedure',
    status: 'completed',
    code: concept(SNOMED, diagnosis.procedure),
    subject: scene.patient,
    encounter,
    performedDateTime: dateTime(from + DAY / 4),
    performer: [{ actor: practitionerReference(doctor) }],
    reasonReference: [condition],
  });
}
