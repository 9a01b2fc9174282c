/**
 * What does field encryption cost a version? Reads a folder of Bundles (JSON) and prints CPU microseconds a resource, of index
 * entries, of sealing and of opening, with and without it. No engine is needed.
 *
 *     node bench/field-encryption.ts ../shared/data/synthea
 */
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../src/config/load.ts';
import { loadDefinitions } from '../src/definitions/load.ts';
import { createFieldEncryption } from '../src/encryption/field-encryption.ts';
import { parseFieldKeys } from '../src/encryption/field-keys.ts';
import { createProtection } from '../src/encryption/protection.ts';
import { createIndexer } from '../src/search/parameters/indexer.ts';
import { createSearchRegistry } from '../src/search/parameters/registry.ts';

interface Resource {
  readonly resourceType: string;
  readonly id: string;
}

const ROUNDS = 5;
const baseUrl = 'http://127.0.0.1:8080/fhir/R4';
const definitions = loadDefinitions();
const fields = createFieldEncryption({
  keys: parseFieldKeys(`bench:${randomBytes(32).toString('base64')}`),
  protection: createProtection(loadConfig([], {}).fieldEncryptionOf.split(',')),
  isOn: true,
  looksForPlain: false,
});
const plainIndexer = createIndexer(createSearchRegistry(definitions), definitions, { baseUrl });
const blindIndexer = createIndexer(createSearchRegistry(definitions, [], fields.identifiers), definitions, {
  baseUrl,
  redact: fields.redact,
});

function versionsIn(folder: string) {
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  const bundles = names.map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as { entry?: { resource: Resource }[] });
  return bundles.flatMap(({ entry = [] }) =>
    entry.map(({ resource }) => ({ type: resource.resourceType, id: resource.id, version: 1, resource, raw: JSON.stringify(resource) })),
  );
}

/** The quickest of the rounds, in microseconds of one. */
function microseconds<T>(items: readonly T[], work: (item: T) => unknown): number {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    for (const item of items) work(item);
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / items.length);
  }
  return least;
}

const all = versionsIn(process.argv[2] ?? '../shared/data/synthea');
const sealed = all.map((version) => ({ ...version, raw: fields.seal(version) }));
const changed = sealed.filter((version, at) => version.raw !== all[at]?.raw);
const protectedOnes = all.filter((version, at) => version.raw !== sealed[at]?.raw);

const row = (name: string, versions: typeof all, stored: typeof all) => ({
  resources: name,
  count: versions.length,
  'bytes each': Math.round(versions.reduce((sum, { raw }) => sum + raw.length, 0) / versions.length),
  'more bytes': Math.round(
    (stored.reduce((sum, { raw }) => sum + raw.length, 0) - versions.reduce((sum, { raw }) => sum + raw.length, 0)) / versions.length,
  ),
  'entries, off': microseconds(versions, ({ resource, type, id }) => plainIndexer.entries(resource, { type, id })).toFixed(1),
  'entries, on': microseconds(versions, ({ resource, type, id }) => blindIndexer.entries(resource, { type, id })).toFixed(1),
  seal: microseconds(versions, (version) => fields.seal(version)).toFixed(1),
  open: microseconds(stored, (version) => fields.open(version)).toFixed(2),
});
console.table([row('all', all, sealed), row('with protected values', protectedOnes, changed)]);
const query = 'GET Patient?identifier=http://hospital.example/mrn|12345678&_count=20';
console.log(`sealing the query of an audit event: ${microseconds(all, ({ id }) => fields.sealWhole(id, query)).toFixed(1)} µs`);
const plainSearch = microseconds(all, ({ id }) => id);
console.log(
  `hash of one searched identifier: ${(microseconds(all, ({ id }) => fields.identifiers.searched('Patient', id)) - plainSearch).toFixed(1)} µs`,
);
