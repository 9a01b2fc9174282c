/** A visit: Appointment in a Slot, Encounter, diagnosis, health log, tests, prescriptions, journal and bill. */
import type { Appointment, Condition, Encounter, Slot } from '@medplum/fhirtypes';
import { type Diagnosis, OUTPATIENT_DIAGNOSES } from '../catalogue/diagnoses.ts';
import { PANELS } from '../catalogue/tests.ts';
import { concept, hl7, ICD10, identifier, plain, SNOMED } from '../coding.ts';
import { type Doctor, findDoctor } from '../directory.ts';
import type { Named } from '../draft.ts';
import { chance, REFERENCE_TIME } from '../random.ts';
import { locationReference, organizationReference, practitionerReference, type Scene, scheduleReference } from '../scene.ts';
import { DAY, dateTime, futureOfficeTime, HOUR, instant, officeTime } from '../times.ts';
import { addBill } from './bill.ts';
import { addTest } from './diagnostics.ts';
import { addJournal } from './journal.ts';
import { addHealthLog } from './measurements.ts';
import { addPrescription } from './prescription.ts';

const CONSULTATION = { code: '185349003', display: 'Encounter for check up' };
const LENGTH = HOUR / 2;

export interface Build {
  readonly heightCm: number;
  readonly weightKg: number;
}

/** One visit of the last five years. */
export function addVisit(scene: Scene, build: Build): void {
  const { random, draft } = scene;
  const diagnosis = random.helpers.arrayElement(OUTPATIENT_DIAGNOSES);
  const doctor = findDoctor(random, scene.directory, diagnosis.specialty, 'clinic');
  const at = officeTime(random, 5);
  const appointment = addAppointment(scene, doctor, at, 'fulfilled');
  const encounterUrl = draft.reserve();
  const encounter = { reference: encounterUrl };
  const condition = addCondition(scene, diagnosis, encounter, at, doctor);
  draft.addAs<Encounter>(encounterUrl, visitEncounter(scene, { at, doctor, appointment, condition }));
  addHealthLog(scene, { at, encounter }, build);
  for (const panel of diagnosis.panels) addTest(scene, { panel, at, encounter, reason: condition, doctor, advice: diagnosis.advice });
  addDrugs(scene, diagnosis, { at, encounter, condition, doctor });
  addJournal(scene, diagnosis, at);
  const items = [
    { term: CONSULTATION, price: 85 },
    ...diagnosis.panels.map((panel) => ({ term: { code: '15220000', display: 'Laboratory test' }, price: PANELS[panel].price })),
  ];
  addBill(scene, { kind: 'professional', encounter, diagnosis: condition, doctor, from: at, to: at + LENGTH, items });
}

interface VisitFacts {
  readonly at: number;
  readonly doctor: Doctor;
  readonly appointment: Named<Appointment>;
  readonly condition: Named<Condition>;
}

function visitEncounter(scene: Scene, { at, doctor, appointment, condition }: VisitFacts): Encounter {
  const period = { start: dateTime(at), end: dateTime(at + LENGTH) };
  return {
    resourceType: 'Encounter',
    identifier: [identifier('encounter', `${scene.key}-${scene.nextNumber()}`)],
    status: 'finished',
    class: { system: hl7('v3-ActCode'), code: 'AMB', display: 'ambulatory' },
    type: [concept(SNOMED, CONSULTATION)],
    subject: scene.patient,
    participant: [{ type: [plain(hl7('v3-ParticipationType'), 'PPRF')], period, individual: practitionerReference(doctor) }],
    appointment: [appointment],
    period,
    diagnosis: [{ condition, use: plain(hl7('diagnosis-role'), 'AD') }],
    location: [{ location: locationReference(doctor.site) }],
    serviceProvider: organizationReference(doctor.site),
  };
}

/** The diagnosis of an encounter. Chronic ones stay active. */
export function addCondition(
  scene: Scene,
  diagnosis: Diagnosis,
  encounter: Named<Encounter>,
  at: number,
  doctor: Doctor,
): Named<Condition> {
  return scene.draft.add<Condition>({
    resourceType: 'Condition',
    clinicalStatus: plain(hl7('condition-clinical'), diagnosis.chronic ? 'active' : 'resolved'),
    verificationStatus: plain(hl7('condition-ver-status'), 'confirmed'),
    category: [plain(hl7('condition-category'), 'encounter-diagnosis')],
    code: {
      coding: [
        { system: SNOMED, code: diagnosis.code, display: diagnosis.display },
        { system: ICD10, code: diagnosis.icd10 },
      ],
      text: diagnosis.display,
    },
    subject: scene.patient,
    encounter,
    onsetDateTime: dateTime(at - 2 * DAY),
    ...(!diagnosis.chronic && { abatementDateTime: dateTime(at + 14 * DAY) }),
    recordedDate: dateTime(at),
    recorder: practitionerReference(doctor),
  });
}

interface DrugFacts {
  readonly at: number;
  readonly encounter: Named<Encounter>;
  readonly condition: Named<Condition>;
  readonly doctor: Doctor;
}

/** What the diagnosis is usually treated with. */
export function addDrugs(scene: Scene, diagnosis: Diagnosis, { at, encounter, condition, doctor }: DrugFacts): void {
  for (const drug of diagnosis.drugs) {
    const ongoing = diagnosis.chronic && at > REFERENCE_TIME - 365 * DAY;
    addPrescription(scene, { drug, at, days: diagnosis.chronic ? 90 : 7, ongoing, encounter, reason: condition, doctor });
  }
}

/** An Appointment, its Slot marked busy. */
function addAppointment(scene: Scene, doctor: Doctor, at: number, status: 'fulfilled' | 'booked'): Named<Appointment> {
  const { draft } = scene;
  const period = { start: instant(at), end: instant(at + LENGTH) };
  const slot = draft.add<Slot>({
    resourceType: 'Slot',
    identifier: [identifier('slot', `${scene.key}-${scene.nextNumber()}`)],
    schedule: scheduleReference(doctor),
    status: 'busy',
    ...period,
  });
  return draft.add<Appointment>({
    resourceType: 'Appointment',
    identifier: [identifier('appointment', `${scene.key}-${scene.nextNumber()}`)],
    status,
    appointmentType: plain(hl7('v2-0276'), 'ROUTINE'),
    ...period,
    minutesDuration: LENGTH / 60_000,
    slot: [slot],
    created: dateTime(at - 14 * DAY),
    participant: [
      { actor: scene.patient, status: 'accepted' },
      { actor: practitionerReference(doctor), status: 'accepted' },
      { actor: locationReference(doctor.site), status: 'accepted' },
    ],
  });
}

/** An Appointment within the next two months, for about half of the patients. */
export function addNextAppointment(scene: Scene): void {
  if (!chance(scene.random, 0.5)) return;
  addAppointment(scene, findDoctor(scene.random, scene.directory, 'general'), futureOfficeTime(scene.random, 60), 'booked');
}
