/**
 * Realistic linked records, deterministic by seed: the same seed and index give the same bytes, in any order and on any day.
 *
 * `sharedBundle` holds what all patients refer to (by conditional references) and goes first; every entry of it is a
 * conditional create, so it may be sent again. A patient's Bundle refers to nothing else outside itself.
 */
import type { Bundle } from '@medplum/fhirtypes';
import { addDoctor } from './directory/doctor.ts';
import { addInsurer, addMedications } from './directory/pharmacy.ts';
import { addSite } from './directory/site.ts';
import { createDirectory, type Directory } from './directory.ts';
import { createDraft } from './draft.ts';
import { addAdmission } from './patient/admission.ts';
import { addSensorSeries } from './patient/measurements.ts';
import { addAllergies, addPerson } from './patient/person.ts';
import { addNextAppointment, addVisit, type Build } from './patient/visit.ts';
import { chance, DIRECTORY_STREAM, numberBetween, patientStream, randomFor } from './random.ts';
import { officeTime } from './times.ts';

export interface RecordGenerator {
  /** Organisations, locations, services, doctors with roles, schedules and free slots, medications, insurers: about 300 entries. */
  sharedBundle(): Bundle;
  /** The whole record of patient `index` (from 0): about 70 entries. Takes 2 to 3 ms and keeps nothing. */
  patientBundle(index: number): Bundle;
}

export function createRecordGenerator(seed: number): RecordGenerator {
  const directory = createDirectory(seed);
  return { sharedBundle: () => sharedBundle(directory), patientBundle: (index) => patientBundle(directory, index) };
}

/** One patient's record; whoever needs many makes a {@link createRecordGenerator} once. */
export function generatePatientBundle(seed: number, index: number): Bundle {
  return createRecordGenerator(seed).patientBundle(index);
}

function sharedBundle(directory: Directory): Bundle {
  const draft = createDraft(randomFor(directory.seed, DIRECTORY_STREAM));
  for (const insurer of directory.insurers) addInsurer(draft, insurer);
  addMedications(draft, directory);
  for (const site of directory.sites) {
    const placed = addSite(draft, site);
    for (const doctor of directory.doctors.filter((each) => each.site === site)) addDoctor(draft, doctor, placed);
  }
  return draft.bundle();
}

function patientBundle(directory: Directory, index: number): Bundle {
  const random = randomFor(directory.seed, patientStream(index));
  const draft = createDraft(random);
  const scene = addPerson(random, draft, directory, index);
  addAllergies(scene);
  const build: Build = { heightCm: random.number.int({ min: 150, max: 198 }), weightKg: numberBetween(random, 48, 110, 1) };
  const visits = random.number.int({ min: 1, max: 5 });
  for (let n = 0; n < visits; n++) addVisit(scene, build);
  const admissions = random.helpers.weightedArrayElement([
    { weight: 4, value: 0 },
    { weight: 3, value: 1 },
    { weight: 2, value: 2 },
    { weight: 1, value: 3 },
  ]);
  for (let n = 0; n < admissions; n++) addAdmission(scene);
  if (chance(random, 0.25)) addSensorSeries(scene, { at: officeTime(random, 2) });
  addNextAppointment(scene);
  return draft.bundle();
}
