/**
 * Everything that the patients of one seed share: who works where, which insurers there are. Plain values, from which both the
 * shared Bundle and the conditional references of every patient's Bundle are made.
 */
import type { Faker } from '@faker-js/faker';
import { SPECIALTIES, SPECIALTY_NAMES, type Specialty } from './catalogue/specialties.ts';
import { DIRECTORY_STREAM, randomFor } from './random.ts';

export interface Site {
  /** Value of its identifier; unique in the seed. */
  readonly key: string;
  readonly name: string;
  readonly kind: 'hospital' | 'clinic';
  readonly phone: string;
  readonly address: { readonly line: string; readonly city: string; readonly state: string; readonly postalCode: string };
  readonly specialties: readonly Specialty[];
}

export interface Doctor {
  readonly key: string;
  readonly given: string;
  readonly family: string;
  readonly gender: 'female' | 'male';
  readonly phone: string;
  readonly email: string;
  readonly specialty: Specialty;
  readonly site: Site;
}

export interface Insurer {
  readonly key: string;
  readonly name: string;
  readonly plan: string;
}

export interface Directory {
  readonly seed: number;
  readonly sites: readonly Site[];
  readonly doctors: readonly Doctor[];
  readonly insurers: readonly Insurer[];
}

const HOSPITALS = 2;
const CLINICS = 4;
const INSURERS = ['Harbour Health', 'Unity Care', 'Meadow Mutual', 'Statewide Medical Fund', 'Blue Heron Insurance'];
const PLANS = ['Standard', 'Family', 'Plus', 'Basic', 'Premium'];

/** Identifiers are prefixed with this, so that several seeds can live on one server. */
export const keyOf = (seed: number, rest: string): string => `S${seed}-${rest}`;

/** The directory of a seed: always the same for the same seed. */
export function createDirectory(seed: number): Directory {
  const random = randomFor(seed, DIRECTORY_STREAM);
  const hospitals = Array.from({ length: HOSPITALS }, (_, n) => createSite(random, keyOf(seed, `hospital-${n}`), 'hospital'));
  const clinics = Array.from({ length: CLINICS }, (_, n) => createSite(random, keyOf(seed, `clinic-${n}`), 'clinic'));
  const sites = [...hospitals, ...clinics];
  const doctors = sites.flatMap((site) =>
    site.specialties.map((specialty) => createDoctor(random, `${site.key}-${specialty}`, specialty, site)),
  );
  const insurers = INSURERS.map((name, n) => ({ key: keyOf(seed, `insurer-${n}`), name, plan: PLANS[n] ?? 'Standard' }));
  return { seed, sites, doctors, insurers };
}

function createSite(random: Faker, key: string, kind: Site['kind']): Site {
  const city = random.location.city();
  return {
    key,
    kind,
    name: kind === 'hospital' ? `${city} University Hospital` : `${random.person.lastName()} Clinic ${city}`,
    phone: random.phone.number({ style: 'international' }),
    address: {
      line: random.location.streetAddress(),
      city,
      state: random.location.state({ abbreviated: true }),
      postalCode: random.location.zipCode('#####'),
    },
    specialties: kind === 'hospital' ? SPECIALTY_NAMES : ['general', ...random.helpers.arrayElements(SPECIALTY_NAMES.slice(1), 3)],
  };
}

function createDoctor(random: Faker, key: string, specialty: Specialty, site: Site): Doctor {
  const gender = random.helpers.arrayElement(['female', 'male'] as const);
  const given = random.person.firstName(gender);
  const family = random.person.lastName();
  return {
    key,
    given,
    family,
    gender,
    phone: random.phone.number({ style: 'international' }),
    email: random.internet.email({ firstName: given, lastName: family, provider: 'hospital.example' }).toLowerCase(),
    specialty,
    site,
  };
}

export const doctorName = (doctor: Doctor): string => `Dr. ${doctor.given} ${doctor.family}`;

/** A doctor of that specialty; one of general practice if nobody has it. */
export function findDoctor(random: Faker, directory: Directory, specialty: Specialty, kind?: Site['kind']): Doctor {
  const fits = (wanted: Specialty) =>
    directory.doctors.filter((doctor) => doctor.specialty === wanted && (kind === undefined || doctor.site.kind === kind));
  const found = fits(specialty);
  return random.helpers.arrayElement(found.length > 0 ? found : fits('general'));
}

export const departmentName = (specialty: Specialty): string => `Department of ${SPECIALTIES[specialty].display}`;
