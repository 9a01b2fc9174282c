/** Which of a resource's dates is *the* date: for the newest-first order of a record, and for partitions by year. */

import { BEGINNING, dateRangeReader } from './extract/date.ts';
import type { ElementLookup, PathReader } from './path.ts';
import { compilePaths, compileReader } from './path.ts';
import type { SearchParameter } from './registry.ts';

/** Types whose date is not the one that the list below finds, or that have no date parameter. */
const OWN_DATE: Readonly<Record<string, string>> = {
  Account: 'Account.servicePeriod',
  Appointment: 'Appointment.start',
  ChargeItem: 'ChargeItem.occurrence | ChargeItem.enteredDate',
  Claim: 'Claim.created',
  ClaimResponse: 'ClaimResponse.created',
  Condition: 'Condition.onset | Condition.recordedDate',
  Coverage: 'Coverage.period',
  Encounter: 'Encounter.period',
  ExplanationOfBenefit: 'ExplanationOfBenefit.created',
  MedicationRequest: 'MedicationRequest.authoredOn',
};

/** Things and persons: their dates (of birth, of expiry) say nothing of when they belong in a record. */
export const DATELESS: ReadonlySet<string> = new Set([
  'Patient',
  'Person',
  'RelatedPerson',
  'Practitioner',
  'PractitionerRole',
  'Medication',
  'Substance',
  'Device',
]);

/** Date parameters in the order of preference, over all types. */
const PREFERRED = [
  'date',
  'effective',
  'effective-time',
  'occurrence',
  'authoredon',
  'authored',
  'authored-on',
  'created',
  'started',
  'start',
];

function pathsOf(type: string, parameters: readonly SearchParameter[], elements: ElementLookup) {
  if (DATELESS.has(type)) return [];
  const own = OWN_DATE[type];
  if (own !== undefined) return compilePaths(own, type, elements);
  const dates = parameters.filter((parameter) => parameter.type === 'date' && !parameter.code.startsWith('_'));
  const rank = (code: string) => (PREFERRED.includes(code) ? PREFERRED.indexOf(code) : PREFERRED.length);
  return dates.sort((a, b) => rank(a.code) - rank(b.code)).flatMap((parameter) => parameter.paths);
}

/** Milliseconds at which the resource's own time starts; null if it has none, or only an end. */
export type ClinicalDateReader = (resource: object) => number | null;

/** Takes the first date in the type's order of preference. */
export function compileClinicalDate(type: string, parameters: readonly SearchParameter[], elements: ElementLookup): ClinicalDateReader {
  const readers = pathsOf(type, parameters, elements).flatMap((path) => {
    const range = dateRangeReader(path.type);
    return range ? [{ read: compileReader(path.steps) as PathReader, range }] : [];
  });
  return (resource) => {
    for (const { read, range } of readers) {
      const found: unknown[] = [];
      read(resource, found);
      for (const value of found) {
        const lo = range(value)?.lo;
        if (lo !== undefined && lo !== BEGINNING) return lo;
      }
    }
    return null;
  };
}
