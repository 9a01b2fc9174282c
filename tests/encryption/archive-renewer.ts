/**
 * A process that brings archived years under the first of some keys, over and over again; its parent kills it.
 *
 * Arguments as JSON: {@link RenewerOrder}.
 */
import { pathToFileURL } from 'node:url';
import { loadDefinitions } from '../../src/definitions/load.ts';
import { createFieldEncryption } from '../../src/encryption/field-encryption.ts';
import { parseFieldKeys } from '../../src/encryption/field-keys.ts';
import { createProtection } from '../../src/encryption/protection.ts';
import { FhirError } from '../../src/model/error.ts';
import { createLiveSearch } from '../../src/search/parameters/live-search.ts';
import { createRenewal } from '../../src/store/layers/sealed-store.ts';
import { createPostgresStore } from '../../src/store/postgres/postgres-store.ts';

export interface RenewerOrder {
  readonly databaseUrl: string;
  readonly archiveDir: string;
  /** As in FIELD_ENCRYPTION_KEYS. */
  readonly keys: string;
}

/** Encryption under the first key, with what indexes and renews by it. */
export function openFields(keys: string) {
  const protection = createProtection(['MR']);
  const fields = createFieldEncryption({ keys: parseFieldKeys(keys), protection, isOn: true, looksForPlain: false });
  const { identifiers, redact } = fields;
  const { indexer } = createLiveSearch(loadDefinitions(), { baseUrl: 'http://meridian.test/fhir/R4', identifiers, redact });
  return { fields, indexer, renewal: createRenewal(fields, (resource, version) => indexer.entries(resource, version)) };
}

async function renewForEver({ databaseUrl, archiveDir, keys }: RenewerOrder): Promise<never> {
  const { archivedYears } = createPostgresStore({ url: databaseUrl, archiveDir });
  const { renewal } = openFields(keys);
  process.stdout.write('ready\n');
  for (;;) {
    for (const name of await archivedYears.list()) {
      try {
        await archivedYears.renew(name, renewal, () => false);
      } catch (error) {
        // The killed one before it may still hold the year's lock.
        if (!(error instanceof FhirError) || error.status !== 409) throw error;
      }
    }
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await renewForEver(JSON.parse(process.argv[2] ?? '{}') as RenewerOrder);
