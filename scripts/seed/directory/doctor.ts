/** A doctor: Practitioner, PractitionerRole with specialty and office hours, Schedule, free Slots. */
import type { Practitioner, PractitionerRole, Schedule, Slot } from '@medplum/fhirtypes';
import { SPECIALTIES } from '../catalogue/specialties.ts';
import { concept, criteria, hl7, identifier, plain, SNOMED } from '../coding.ts';
import { type Doctor, doctorName } from '../directory.ts';
import type { Draft, Named } from '../draft.ts';
import { REFERENCE_TIME } from '../random.ts';
import { DAY, dateTime, HOUR, instant } from '../times.ts';
import type { PlacedSite } from './site.ts';

const DAYS_AHEAD = 4;

export function addDoctor(draft: Draft, doctor: Doctor, placed: PlacedSite): void {
  const practitioner = addPractitioner(draft, doctor);
  const role = addRole(draft, doctor, placed, practitioner);
  const schedule = addSchedule(draft, doctor, practitioner, role);
  for (let n = 1; n <= DAYS_AHEAD; n++) addFreeSlot(draft, doctor, schedule, n);
}

function addPractitioner(draft: Draft, doctor: Doctor): Named<Practitioner> {
  return draft.add<Practitioner>(
    {
      resourceType: 'Practitioner',
      identifier: [identifier('doctor', doctor.key)],
      active: true,
      name: [{ use: 'official', family: doctor.family, given: [doctor.given], prefix: ['Dr.'] }],
      telecom: [
        { system: 'phone', value: doctor.phone, use: 'work' },
        { system: 'email', value: doctor.email, use: 'work' },
      ],
      gender: doctor.gender,
      qualification: [{ code: plain(hl7('v2-0360'), 'MD') }],
    },
    { ifNoneExist: criteria('doctor', doctor.key), display: doctorName(doctor) },
  );
}

function addRole(draft: Draft, doctor: Doctor, placed: PlacedSite, practitioner: Named<Practitioner>): Named<PractitionerRole> {
  const service = placed.services.get(doctor.specialty);
  return draft.add<PractitionerRole>(
    {
      resourceType: 'PractitionerRole',
      identifier: [identifier('role', doctor.key)],
      active: true,
      practitioner,
      organization: placed.organization,
      code: [plain(hl7('practitioner-role'), 'doctor')],
      specialty: [concept(SNOMED, SPECIALTIES[doctor.specialty])],
      location: [placed.location],
      ...(service && { healthcareService: [service] }),
      telecom: [{ system: 'phone', value: doctor.phone, use: 'work' }],
      availableTime: [
        { daysOfWeek: ['mon', 'tue', 'wed', 'thu'], availableStartTime: '08:00:00', availableEndTime: '17:00:00' },
        { daysOfWeek: ['fri'], availableStartTime: '08:00:00', availableEndTime: '13:00:00' },
      ],
      notAvailable: [{ description: 'Public holidays' }],
    },
    { ifNoneExist: criteria('role', doctor.key) },
  );
}

function addSchedule(draft: Draft, doctor: Doctor, practitioner: Named<Practitioner>, role: Named<PractitionerRole>): Named<Schedule> {
  return draft.add<Schedule>(
    {
      resourceType: 'Schedule',
      identifier: [identifier('schedule', doctor.key)],
      active: true,
      specialty: [concept(SNOMED, SPECIALTIES[doctor.specialty])],
      actor: [practitioner, role],
      planningHorizon: { start: dateTime(REFERENCE_TIME - 6 * 365 * DAY), end: dateTime(REFERENCE_TIME + 365 * DAY) },
      comment: `Office hours of ${doctorName(doctor)}`,
    },
    { ifNoneExist: criteria('schedule', doctor.key) },
  );
}

function addFreeSlot(draft: Draft, doctor: Doctor, schedule: Named<Schedule>, daysAhead: number): void {
  const key = `${doctor.key}-free-${daysAhead}`;
  const start = REFERENCE_TIME - (REFERENCE_TIME % DAY) + daysAhead * DAY + 17 * HOUR;
  draft.add<Slot>(
    {
      resourceType: 'Slot',
      identifier: [identifier('slot', key)],
      specialty: [concept(SNOMED, SPECIALTIES[doctor.specialty])],
      schedule,
      status: 'free',
      start: instant(start),
      end: instant(start + HOUR / 2),
    },
    { ifNoneExist: criteria('slot', key) },
  );
}
