/** The phases that search: each a search to repeat for a patient picked by chance, with the check of its answer. */
import { randomInt } from 'node:crypto';
import type { Operation } from './measure.ts';
import { expectContent, expectStatus, type Scene } from './scene.ts';
import {
  CLAIMS,
  ENCOUNTERS,
  LOINC_CODES,
  OBSERVATIONS_OF_A_CODE,
  OVERVIEW,
  RECORD_SIZE,
  SEARCH_SYSTEM,
  type SearchPatient,
} from './search-records.ts';

export const SEARCH_PHASES = [
  'search-family',
  'search-identifier',
  'search-observations',
  'search-encounters',
  'search-claims',
  'search-chain',
  'search-include',
  'search-overview',
  'everything',
] as const;
type SearchPhase = (typeof SEARCH_PHASES)[number];

interface Question {
  readonly path: string;
  /** Matches that the answer holds, at least. */
  readonly matches: number;
  /** Resources that come along. */
  readonly included?: number;
}

export const isSearchPhase = (phase: string): phase is SearchPhase => (SEARCH_PHASES as readonly string[]).includes(phase);

/** What each phase asks about a patient, all of it at once. */
function questionsOf(phase: SearchPhase, { id, family, number }: SearchPatient, code: string): readonly Question[] {
  switch (phase) {
    case 'search-family':
      return [{ path: `/Patient?family=${family}`, matches: 1 }];
    case 'search-identifier':
      return [{ path: `/Patient?identifier=${SEARCH_SYSTEM}|p-${number}`, matches: 1 }];
    case 'search-observations':
      return [
        {
          path: `/Observation?patient=${id}&code=http://loinc.org|${code}&date=ge2024-01-01&_sort=-date&_count=20`,
          matches: OBSERVATIONS_OF_A_CODE,
        },
      ];
    case 'search-encounters':
      return [{ path: `/Encounter?patient=${id}`, matches: ENCOUNTERS }];
    case 'search-claims':
      return [{ path: `/Claim?patient=${id}`, matches: CLAIMS }];
    case 'search-chain':
      return [
        { path: `/Observation?patient.identifier=${SEARCH_SYSTEM}|p-${number}`, matches: LOINC_CODES.length * OBSERVATIONS_OF_A_CODE },
      ];
    case 'search-include':
      return [
        {
          path: `/Observation?patient=${id}&code=http://loinc.org|${code}&_include=Observation:subject&_include=Observation:encounter`,
          matches: OBSERVATIONS_OF_A_CODE,
          included: 2,
        },
      ];
    case 'search-overview':
      return Object.entries(OVERVIEW).map(([type, matches]) => ({ path: `/${type}?patient=${id}`, matches }));
    case 'everything':
      return [{ path: `/Patient/${id}/$everything`, matches: RECORD_SIZE }];
    default:
      throw new Error(`no phase "${phase satisfies never}"`);
  }
}

/** Also in an answer that is indented. */
const ENTRIES = { match: /"search":\s*{\s*"mode":\s*"match"/, include: /"search":\s*{\s*"mode":\s*"include"/ };

export function prepareSearch(phase: SearchPhase, { client, searchPatients }: Pick<Scene, 'client' | 'searchPatients'>): Operation {
  async function ask({ path, matches, included = 0 }: Question, { id }: SearchPatient): Promise<void> {
    const answer = await client.send({ method: 'GET', path });
    expectStatus(answer, 200);
    expectContent(answer, id, '"searchset"');
    const count = (mode: keyof typeof ENTRIES) => answer.text.split(ENTRIES[mode]).length - 1;
    if (count('match') !== matches) throw new Error(`${count('match')} matches, not ${matches}: ${answer.text.slice(0, 300)}`);
    if (count('include') < included) throw new Error(`${count('include')} included, not ${included}`);
  }

  return async () => {
    const patient = searchPatients[randomInt(searchPatients.length)] as SearchPatient;
    const questions = questionsOf(phase, patient, LOINC_CODES[randomInt(LOINC_CODES.length)] as string);
    await Promise.all(questions.map((question) => ask(question, patient)));
    return 1;
  };
}
