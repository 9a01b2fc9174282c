/** Generated observations, and the queries that are asked of them. */
import type { Document } from 'mongodb';
import { recordKeyOf } from '../../../model/record-key.ts';

export interface ScratchObservation {
  readonly _id: string;
  readonly patient: string;
  readonly code: string;
  readonly at: number;
  readonly year: number;
  readonly value: number;
  readonly raw: string;
}

export const RECORDS_PER_PATIENT = 50;
const CODES = ['8867-4', '8310-5', '29463-7', '8302-2', '2708-6'];
const DAY = 86_400_000;
const FIRST_YEAR = 2018;
const DAYS = 8 * 365;
const FILLER = 'x'.repeat(600);

/** The `n`th observation; values and dates are spread evenly. */
export function observationOf(n: number): ScratchObservation {
  const patient = `p${Math.floor(n / RECORDS_PER_PATIENT)}`;
  const index = n % RECORDS_PER_PATIENT;
  const spread = (n * 2_654_435_761) % 4_294_967_296;
  const day = spread % DAYS;
  return {
    _id: idOf(patient, index),
    patient,
    code: CODES[index % CODES.length] as string,
    at: day * DAY + (spread % DAY),
    year: FIRST_YEAR + Math.floor(day / 365),
    value: Math.floor(spread / DAYS) % 100,
    raw: FILLER,
  };
}

/** The same on every layout. */
export const INDEXES = [{ key: { patient: 1, code: 1, at: -1 } }, { key: { code: 1, at: -1 } }, { key: { code: 1, value: 1 } }] as const;

/** A search for documents, or an aggregation of those that match. */
export interface ScratchQuery {
  readonly filter: Document;
  readonly sort?: Readonly<Record<string, 1 | -1>>;
  readonly skip?: number;
  readonly limit?: number;
  readonly group?: Document;
}

const codeOf = (n: number) => CODES[n % CODES.length] as string;
const BY_YEAR = { _id: '$year', n: { $sum: 1 }, mean: { $avg: '$value' } };

/** By class; `n` varies what is asked for, `patients` is how many there are. */
export const QUERIES: Readonly<Record<string, (n: number, patients: number) => ScratchQuery>> = {
  'read by id': (n, patients) => ({ filter: { _id: idOf(`p${n % patients}`, n % RECORDS_PER_PATIENT) }, limit: 1 }),
  'one patient, latest by code': (n, patients) => ({
    filter: { ...recordRange(`p${n % patients}`), patient: `p${n % patients}`, code: codeOf(n) },
    sort: { at: -1 },
    limit: 20,
  }),
  'population, equal code and value': (n) => ({ filter: { code: codeOf(n), value: n % 100 }, limit: 50 }),
  'population, thirty days': (n) => ({
    filter: { code: codeOf(n), at: { $gte: (n % (DAYS - 30)) * DAY, $lt: ((n % (DAYS - 30)) + 30) * DAY } },
    limit: 200,
  }),
  'population, sorted page': (n) => ({ filter: { code: codeOf(n) }, sort: { at: -1 }, skip: 20 * (n % 5), limit: 20 }),
  'population, aggregate by year': (n) => ({ filter: { code: codeOf(n) }, group: BY_YEAR }),
  'population, scan without index': (n) => ({ filter: { value: { $gte: 50 + (n % 40) } }, group: { _id: null, n: { $sum: 1 } } }),
};

function idOf(patient: string, index: number): string {
  return `${recordKeyOf(patient)}/${patient}/${String(index).padStart(4, '0')}`;
}

function recordRange(patient: string): Document {
  const rk = recordKeyOf(patient);
  return { _id: { $gte: `${rk}/`, $lt: `${rk}0` } };
}
