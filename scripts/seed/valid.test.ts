/** What the seeds make is valid by the gateway's own rules. */
import { expect, test } from 'vitest';
import { loadDefinitions } from '../../src/definitions/load.ts';
import { createValidator } from '../../src/validation/validate.ts';
import { createRecordGenerator } from './generator.ts';

const validator = createValidator(loadDefinitions());
const PATIENTS = Number(process.env.SEED_PATIENTS ?? 60);
const seed = Number(process.env.TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));

test(`seed ${seed}: every resource and every Bundle is valid`, () => {
  const generator = createRecordGenerator(seed);
  const bundles = [generator.sharedBundle(), ...Array.from({ length: PATIENTS }, (_, index) => generator.patientBundle(index))];
  for (const bundle of bundles) {
    expect(validator.validate(resolved(bundle), 'Bundle')).toEqual([]);
    for (const { resource } of bundle.entry ?? []) expect(validator.validate(resolved(resource), resource?.resourceType)).toEqual([]);
  }
});

/** With literal references in place of the conditional ones, as a transaction stores them. */
function resolved(resource: unknown): unknown {
  return JSON.parse(JSON.stringify(resource).replace(/"reference":"([A-Z]\w+)\?[^"]*"/g, '"reference":"$1/1"'));
}
