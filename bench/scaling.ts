/**
 * Shards and partitions that each kind of search touches, as `$explain` tells it, with 1, 2, 4 and 8 shards: the table of
 * docs/scaling.md. `node bench/scaling.ts [shards,…]`
 */
import { join } from 'node:path';
import { bearer, createClient } from './client.ts';
import { startGateway } from './gateway.ts';
import { expectStatus } from './scene.ts';
import { loadSearchRecords, SEARCH_SYSTEM, type SearchPatient } from './search-records.ts';
import { writeBetweenMarkers } from './table.ts';

const PATIENTS = 64;
const PAGE = join(import.meta.dirname, '../docs/scaling.md');

/** By what the table calls it: the search for a patient. */
const SEARCHES: Readonly<Record<string, (patient: SearchPatient) => string>> = {
  'Observation?patient=': ({ id }) => `/Observation?patient=${id}`,
  'Observation?patient=&code=&date=&_sort=-date': ({ id }) =>
    `/Observation?patient=${id}&code=http://loinc.org|8867-4&date=ge2024-01-01&_sort=-date&_count=20`,
  'Patient?_id=': ({ id }) => `/Patient?_id=${id}`,
  'Patient?identifier=': ({ number }) => `/Patient?identifier=${SEARCH_SYSTEM}|p-${number}`,
  'Patient?family=': ({ family }) => `/Patient?family=${family}`,
  'Observation?patient.identifier= (after the hop)': ({ number }) => `/Observation?patient.identifier=${SEARCH_SYSTEM}|p-${number}`,
  'Observation?_sort=-date': () => '/Observation?_sort=-date&_count=20',
  'Encounter?patient=': ({ id }) => `/Encounter?patient=${id}`,
  'Encounter?patient=&date=ge2025': ({ id }) => `/Encounter?patient=${id}&date=ge2025`,
  'Encounter?date=2024-05': () => '/Encounter?date=ge2024-05-01&date=lt2024-06-01',
};

interface Part {
  readonly name: string;
  readonly valueString?: string;
  readonly part?: readonly Part[];
}

/** Shards and partitions of one explained search. */
function touched(text: string): string {
  const all: Part[] = [];
  const visit = (part: Part): void => {
    all.push(part);
    part.part?.forEach(visit);
  };
  (JSON.parse(text) as { parameter: readonly Part[] }).parameter.forEach(visit);
  const valuesOf = (name: string) => all.flatMap((part) => (part.name === name ? [part.valueString ?? ''] : []));
  const shards = new Set(valuesOf('shard')).size;
  const isMongo = valuesOf('store').includes('mongodb');
  const partitions = new Set(valuesOf('relations').flatMap((each) => each.split(', ').filter((name) => name !== ''))).size;
  return isMongo ? `${Math.max(1, shards)}` : `${partitions} partitions`;
}

async function columnOf(shards: number): Promise<string[]> {
  const gateway = await startGateway({ shards, members: 1, args: [] });
  const client = createClient(gateway.url, bearer(await gateway.tokenFor('system/*.cruds system/$explain.rs')), 8);
  try {
    const [patient] = await loadSearchRecords({ client }, PATIENTS);
    const cells: string[] = [];
    for (const path of Object.values(SEARCHES)) {
      const answer = await client.send({ method: 'GET', path: `${path(patient as SearchPatient)}&_explain=true` });
      expectStatus(answer, 200);
      cells.push(touched(answer.text));
    }
    return cells;
  } finally {
    await client.close();
    await gateway.stop();
  }
}

const counts = (process.argv[2] ?? '1,2,4,8').split(',').map(Number);
const columns: string[][] = [];
for (const count of counts) columns.push(await columnOf(count));
const head = ['search', ...counts.map((count) => `${count} shard${count > 1 ? 's' : ''}`)];
const rows = Object.keys(SEARCHES).map((name, index) => [`\`${name}\``, ...columns.map((column) => column[index] ?? '')]);
const table = [head, head.map((_, n) => (n === 0 ? '---' : '--:')), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
console.log(table);
await writeBetweenMarkers(PAGE, 'scaling', table);
