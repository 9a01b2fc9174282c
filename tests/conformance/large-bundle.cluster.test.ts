/** The largest Bundle of the field's suites: 7,201 entries in 23 MB, over both stores in one transaction. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { send } from '../../conformance/runner/send.ts';
import { valueAt } from '../../conformance/runner/values.ts';
import { openBothStores } from '../support/both-stores.ts';
import { testDatabases } from '../support/databases.ts';
import { type ServedGateway, serveMemoryGateway } from '../support/memory-gateway.ts';
import { readSynthea } from '../support/synthea.ts';

const ENTRIES = 7201;
const BYTES = 23_000_000;
const PATIENCE_MS = 180_000;

const { mongodbUri, databaseUrl } = await testDatabases();
let gateway: ServedGateway;
let closeStores: () => Promise<unknown>;

beforeAll(async () => {
  const both = await openBothStores({ mongodbUri, databaseUrl });
  closeStores = both.close;
  gateway = await serveMemoryGateway({ store: both.store });
}, 60_000);

afterAll(async () => {
  await gateway?.close();
  await closeStores?.();
});

interface Entry {
  readonly fullUrl: string;
  readonly resource: { readonly resourceType: string };
}

/** Patients of one Bundle over and over, each time with other UUIDs; what links to a patient that was cut off stays unlinked. */
function manyEntries(text: string): readonly Entry[] {
  const entries: Entry[] = [];
  for (let copy = 0; entries.length < ENTRIES; copy++) {
    const tail = copy.toString(16).padStart(4, '0');
    const own = text.replace(/urn:uuid:([0-9a-f-]{32})[0-9a-f]{4}/g, (_, start: string) => `urn:uuid:${start}${tail}`);
    entries.push(...(JSON.parse(own) as { entry: Entry[] }).entry);
  }
  return entries.slice(0, ENTRIES);
}

describe('a transaction of 7,201 entries (https://hl7.org/fhir/R4/http.html#transaction)', () => {
  test('is loaded as a whole, and of each type as many are found as were made', { timeout: PATIENCE_MS }, async () => {
    const bundles = readSynthea();
    for (const { type, text } of bundles) if (type === 'batch') await send({ method: 'POST', path: '', text }, gateway);
    const before = await countsOf(gateway);
    const entry = manyEntries(bundles.find(({ type }) => type === 'transaction')?.text ?? '');
    const text = JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry }, null, 1).padEnd(BYTES);
    const answer = await send({ method: 'POST', path: '', text }, gateway);
    expect(answer.status, answer.text.slice(0, 500)).toBe(200);
    const statuses = (valueAt(answer.body, 'entry') as object[]).map((each) => valueAt(each, 'response.status'));
    expect(statuses.filter((status) => status === '201 Created')).toHaveLength(ENTRIES);

    const made = new Map<string, number>();
    for (const { resource } of entry) made.set(resource.resourceType, (made.get(resource.resourceType) ?? 0) + 1);
    const after = await countsOf(gateway);
    const grown = [...after].map(([type, count]) => [type, count - (before.get(type) ?? 0)] as const).filter(([, count]) => count > 0);
    expect(new Map(grown)).toEqual(made);
  });
});

async function countsOf(target: ServedGateway): Promise<ReadonlyMap<string, number>> {
  const counts = TYPES.map(async (type) => {
    const { body } = await send({ method: 'GET', path: `${type}?_summary=count` }, target);
    return [type, valueAt(body, 'total') as number] as const;
  });
  return new Map(await Promise.all(counts));
}

/** Of the Bundle, and those that it refers to. */
const TYPES = [
  'AllergyIntolerance',
  'CarePlan',
  'CareTeam',
  'Claim',
  'Condition',
  'Device',
  'DiagnosticReport',
  'DocumentReference',
  'Encounter',
  'ExplanationOfBenefit',
  'ImagingStudy',
  'Immunization',
  'Location',
  'Medication',
  'MedicationAdministration',
  'MedicationRequest',
  'Observation',
  'Organization',
  'Patient',
  'Practitioner',
  'PractitionerRole',
  'Procedure',
  'Provenance',
  'SupplyDelivery',
];
