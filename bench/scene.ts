/** What the phases work on: a gateway with patients loaded, and Observations and Claims whose content is known. */
import { createRecordGenerator, type RecordGenerator } from '../scripts/seed/generator.ts';
import type { Answer, Client } from './client.ts';
import type { FarPage } from './page-phases.ts';
import { claim, observation } from './records.ts';
import { loadSearchRecords, type SearchPatient } from './search-records.ts';

export interface Known {
  readonly id: string;
  readonly marker: string;
  readonly patientId: string;
  version: number;
}

export interface Scene {
  readonly client: Client;
  readonly generator: RecordGenerator;
  readonly patients: string[];
  readonly observations: readonly Known[];
  readonly claims: readonly Known[];
  /** Empty unless a phase searches. */
  readonly searchPatients: readonly SearchPatient[];
  /** Only if a phase asks for it. */
  readonly farPage?: FarPage;
  /** A number that no other call gets. */
  readonly next: () => number;
  /** Index of the next patient of the seed. */
  readonly nextPatient: () => number;
}

const PATIENTS = 40;
const OBSERVATIONS = 2000;
const CLAIMS = 400;
const PER_BATCH = 200;
/** More than a run takes: a run with another seed, against the same server, names everything otherwise. */
const NUMBERS_OF_A_SEED = 10_000_000;

/** `searchPatients` records are loaded for the search phases. */
export async function prepareScene(client: Client, seed: number, searchPatients: number): Promise<Scene> {
  const generator = createRecordGenerator(seed);
  let patientIndex = 0;
  let number = seed * NUMBERS_OF_A_SEED;
  const nextPatient = () => patientIndex++;
  const next = () => number++;
  await postBundle(client, JSON.stringify(generator.sharedBundle()));
  const patients: string[] = [];
  for (let n = 0; n < PATIENTS; n++) {
    const ids = await postBundle(client, JSON.stringify(generator.patientBundle(nextPatient())));
    patients.push(ids.find((location) => location.type === 'Patient')?.id ?? '');
  }
  const make = (count: number, resource: (patientId: string, marker: string, n: number) => object) =>
    createKnown(client, patients, next, { count, resource });
  const observations = await make(OBSERVATIONS, observation);
  const claims = await make(CLAIMS, claim);
  const searched = await loadSearchRecords({ client }, searchPatients, seed * searchPatients);
  return { client, generator, patients, observations, claims, searchPatients: searched, next, nextPatient };
}

/** Locations of what the Bundle created, in its order. @throws Error unless all of it was created */
export async function postBundle(client: Client, text: string): Promise<{ type: string; id: string }[]> {
  const answer = await client.send({ method: 'POST', path: '', body: text });
  expectStatus(answer, 200);
  const { entry = [] } = JSON.parse(answer.text) as { entry?: { response?: { status?: string; location?: string; outcome?: unknown } }[] };
  return entry.map(({ response }) => {
    const [, type, id] = /([A-Z]\w+)\/([^/]+)\/_history\//.exec(response?.location ?? '') ?? [];
    if (!/^20[01]/.test(response?.status ?? '') || !type || !id) throw new Error(`entry refused: ${JSON.stringify(response)}`);
    return { type, id };
  });
}

async function createKnown(
  client: Client,
  patients: readonly string[],
  next: () => number,
  wanted: { count: number; resource: (patientId: string, marker: string, n: number) => object },
): Promise<Known[]> {
  const known: Known[] = [];
  while (known.length < wanted.count) {
    const drafts = Array.from({ length: PER_BATCH }, () => {
      const n = next();
      return { n, marker: `known-${n}`, patientId: patients[n % patients.length] ?? '' };
    });
    const entry = drafts.map(({ n, marker, patientId }) => {
      const resource = wanted.resource(patientId, marker, n) as { resourceType: string };
      return { resource, request: { method: 'POST', url: resource.resourceType } };
    });
    const created = await postBundle(client, JSON.stringify({ resourceType: 'Bundle', type: 'batch', entry }));
    drafts.forEach(({ marker, patientId }, at) => {
      known.push({ id: created[at]?.id ?? '', marker, patientId, version: 1 });
    });
  }
  return known;
}

/** @throws Error with the beginning of the answer */
export function expectStatus(answer: Answer, ...allowed: readonly number[]): void {
  if (!allowed.includes(answer.status)) throw new Error(`status ${answer.status}: ${answer.text.slice(0, 300)}`);
}

/** @throws Error unless each text is in the answer's body */
export function expectContent(answer: Answer, ...texts: readonly string[]): void {
  for (const text of texts) if (!answer.text.includes(text)) throw new Error(`no ${text} in ${answer.text.slice(0, 300)}`);
}
