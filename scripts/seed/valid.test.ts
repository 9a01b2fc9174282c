/** What the seeds make is valid by the gateway's own rules. */
import { expect, test } from 'vitest';
import { loadDefinitions } from '../../src/definitions/load.ts';
import { createValidator } from '../../src/validation/validate.ts';
import { createRecordGenerator } from './generator.ts';

const validator = createValidator(loadDefinitions());
const asInTransactions = { conditionalReferences: true };
const PATIENTS = Number(process.env.SEED_PATIENTS ?? 60);
const seed = Number(process.env.TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));

test(`seed ${seed}: every resource and every Bundle is valid`, () => {
  const generator = createRecordGenerator(seed);
  const bundles = [generator.sharedBundle(), ...Array.from({ length: PATIENTS }, (_, index) => generator.patientBundle(index))];
  for (const bundle of bundles) {
    expect(validator.validate(bundle, 'Bundle', asInTransactions)).toEqual([]);
    for (const { resource } of bundle.entry ?? [])
      expect(validator.validate(resource, resource?.resourceType, asInTransactions)).toEqual([]);
  }
});
