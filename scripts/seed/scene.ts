/** What every part of one patient's record is made with. */
import type { Faker } from '@faker-js/faker';
import type { Coverage, Location, Organization, Patient, Practitioner, Schedule } from '@medplum/fhirtypes';
import { conditional } from './coding.ts';
import { type Directory, type Doctor, doctorName, type Insurer, type Site } from './directory.ts';
import type { Draft, Named } from './draft.ts';

export interface Scene {
  readonly random: Faker;
  readonly draft: Draft;
  readonly directory: Directory;
  /** Value of the patient's medical record number. */
  readonly key: string;
  readonly patient: Named<Patient>;
  readonly coverage: Named<Coverage>;
  readonly insurer: Insurer;
  /** Running number of the patient's bills. */
  readonly nextNumber: () => number;
}

export const practitionerReference = (doctor: Doctor): Named<Practitioner> =>
  conditional('Practitioner', 'doctor', doctor.key, doctorName(doctor));
export const organizationReference = (site: Site): Named<Organization> => conditional('Organization', 'site', site.key, site.name);
export const locationReference = (site: Site): Named<Location> => conditional('Location', 'location', site.key, site.name);
export const insurerReference = (insurer: Insurer): Named<Organization> =>
  conditional('Organization', 'insurer', insurer.key, insurer.name);
export const scheduleReference = (doctor: Doctor): Named<Schedule> => conditional('Schedule', 'schedule', doctor.key);
