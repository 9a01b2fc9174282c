/**
 * The questions of the search phases by the drivers alone, one by one, of the gateway's own documents and rows: by the same
 * indexes, without access, parsing, planning or Bundles.
 */
import { randomInt } from 'node:crypto';
import { type StoredDocument, VERSION_FIELDS } from '../../src/store/mongo/document.ts';
import { pageStatement } from '../../src/store/postgres/search/statement.ts';
import type { Operation } from '../measure.ts';
import { ENCOUNTERS, LOINC_CODES, OBSERVATIONS_OF_A_CODE, RECORD_SIZE } from '../search-records.ts';
import type { RawMongo } from './mongo.ts';
import type { RawPostgres } from './postgres.ts';
import type { RawSearch } from './work.ts';

const KNOWN = 300;
const OF_THE_BENCH = /^Patient\.identifier~p-\d+$/;

/** What a patient is looked up by. */
interface Known {
  readonly reference: string;
  readonly rk: string;
  readonly identifier: string;
  readonly family: string;
  /** The patient's observations of one code. */
  readonly code: string;
}

export async function prepareRawSearches(mongo: RawMongo, postgres: RawPostgres): Promise<(work: RawSearch) => Operation> {
  const resources = mongo.source.collection<StoredDocument>('resources');
  const known = await knownPatients();

  async function knownPatients(): Promise<readonly Known[]> {
    const patients = await resources.find({ type: 'Patient', s: OF_THE_BENCH }).limit(KNOWN).toArray();
    return Promise.all(
      patients.map(async ({ _id, id, s = [] }) => {
        const rk = _id.slice(0, _id.indexOf('/'));
        const observation = await resources.findOne({ _id: { $gte: `${rk}/Observation/`, $lt: `${rk}/Observation0` } });
        const startOf = (start: string) => s.find((entry) => entry.startsWith(start)) ?? '';
        return {
          reference: `Patient/${id}`,
          rk,
          identifier: startOf('Patient.identifier~'),
          family: s.find((entry) => /=fam[a-z]\d{6}/.test(entry)) ?? '',
          code: observation?.pc?.[0] ?? '',
        };
      }),
    );
  }

  const options = { projection: VERSION_FIELDS, limit: 51 };
  const ofType = ({ rk }: Known, type: string) => ({ $gte: `${rk}/${type}/`, $lt: `${rk}/${type}0` });

  const questions: Readonly<Record<RawSearch, (patient: Known) => Promise<number>>> = {
    'search name': async ({ family }) =>
      (await resources.find({ s: { $elemMatch: { $gte: family, $lt: `${family}\u{10ffff}` } }, type: 'Patient' }, options).toArray())
        .length,
    'search identifier': async ({ identifier }) => (await resources.find({ s: identifier, type: 'Patient' }, options).toArray()).length,
    'search record': async (patient) => {
      const found = resources.find({ _id: ofType(patient, 'Observation'), pc: patient.code }, { ...options, limit: 21 });
      return (await found.sort({ 'o.date.max': -1, _id: 1 }).toArray()).length;
    },
    'search chain': async (patient) => {
      const [found] = await resources.find({ s: patient.identifier, type: 'Patient' }, { projection: { id: 1 } }).toArray();
      if (found?._id.startsWith(`${patient.rk}/`) !== true) throw new Error('another patient found');
      return (await resources.find({ _id: ofType(patient, 'Observation') }, options).toArray()).length;
    },
    'pg search': ({ reference }) => rowsOf('Encounter', reference),
    'whole record': async ({ rk, reference }) => {
      const inRecord = resources.find({ _id: { $gte: `${rk}/`, $lt: `${rk}0` } }, { projection: VERSION_FIELDS }).toArray();
      const found = await Promise.all([inRecord, rowsOf('Encounter', reference), rowsOf('Claim', reference)]);
      return found[0].length + found[1] + found[2];
    },
  };

  async function rowsOf(type: string, patient: string): Promise<number> {
    const sort = [{ parameter: '_identity', descending: false }];
    const { text, values } = pageStatement({ types: [type], where: { kind: 'patient', reference: patient }, patient, sort, limit: 51 });
    const { rows } = await postgres.source.query({ name: `raw_${type}`, text, values: [...values], rowMode: 'array' });
    return rows.length;
  }

  return (work) => async () => {
    const found = await questions[work](known[randomInt(known.length)] as Known);
    if (found !== FOUND[work]) throw new Error(`${work}: ${found} found, not ${FOUND[work]}`);
    return 1;
  };
}

const FOUND: Readonly<Record<RawSearch, number>> = {
  'search name': 1,
  'search identifier': 1,
  'search record': OBSERVATIONS_OF_A_CODE,
  'search chain': LOINC_CODES.length * OBSERVATIONS_OF_A_CODE,
  'pg search': ENCOUNTERS,
  'whole record': RECORD_SIZE,
};
