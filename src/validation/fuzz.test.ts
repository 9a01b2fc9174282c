/** Hostile values in every place: validation answers with problems and never throws. */
import { expect, test } from 'vitest';
import { createRandom, seedFrom } from '../../tests/support/random.ts';
import { readSynthea } from '../../tests/support/synthea.ts';
import { findLinks } from '../definitions/links.ts';
import { loadDefinitions } from '../definitions/load.ts';
import { createValidator } from './validate.ts';

type JsonObject = Record<string, unknown>;

const ROUNDS = Number(process.env.FUZZ_ROUNDS ?? 5000);
const HOSTILE: readonly string[] = [
  'null',
  'true',
  '0',
  '-1e999',
  '""',
  '"\\u0000"',
  '"#"',
  '"#x"',
  '[]',
  '{}',
  '[[]]',
  '[null]',
  '[{}]',
  '{"toString": 1, "valueOf": 1}',
  '{"charCodeAt": 1, "length": 5}',
  '{"toJSON": 1}',
  '{"then": 1}',
  '{"__proto__": {"a": 1}}',
  '{"constructor": null}',
  '{"resourceType": {"toString": 1}}',
  '{"resourceType": "Patient", "contained": {}}',
  '{"resourceType": "constructor"}',
  '{"resourceType": "Resource"}',
  '{"extension": [{"url": "u:x"}]}',
  '{"reference": "#x"}',
  '{"reference": "__proto__/1"}',
  '{"coding": [null, {"system": "__proto__", "code": "a"}]}',
  '{"id": {"toString": 1}, "resourceType": "Patient"}',
  `"${'('.repeat(10_000)}"`,
  '"<div"',
  '"\\ud800"',
];

const seed = seedFrom('FUZZ_SEED');

test(`hostile values in random places (FUZZ_SEED=${seed} FUZZ_ROUNDS=${ROUNDS})`, { timeout: 60_000 }, () => {
  const random = createRandom(seed);
  const definitions = loadDefinitions();
  const validator = createValidator(definitions);
  const texts = readSynthea().flatMap(({ text }) => {
    const bundle = JSON.parse(text) as { entry: { resource: JsonObject }[] };
    return bundle.entry.map(({ resource }) => JSON.stringify(resource)).filter((resource) => resource.length < 20_000);
  });
  const bundle = JSON.stringify({
    resourceType: 'Bundle',
    type: 'batch',
    entry: [{ fullUrl: 'u:x', resource: JSON.parse(random.pick(texts)), request: { method: 'PUT', url: 'x' } }],
  });
  for (let round = 0; round < ROUNDS; round += 1) {
    const resource = JSON.parse(random.below(4) === 0 ? bundle : random.pick(texts)) as JsonObject;
    for (let times = random.below(3); times >= 0; times -= 1) spoil(resource, random);
    expect(Array.isArray(validator.validate(resource))).toBe(true);
    findLinks(definitions, resource);
  }
});

/** Puts a hostile value into a random place. */
function spoil(root: JsonObject, random: ReturnType<typeof createRandom>): void {
  let at: JsonObject = root;
  for (;;) {
    const names = Object.keys(at);
    const name =
      names.length === 0 || random.below(10) === 0
        ? random.pick(['contained', '_status', 'meta', 'entry', '__proto__', '_id'])
        : random.pick(names);
    const inner = Object.hasOwn(at, name) ? at[name] : undefined;
    if (typeof inner === 'object' && inner !== null && random.below(3) > 0) {
      at = inner as JsonObject;
    } else {
      Object.defineProperty(at, name, { value: JSON.parse(random.pick(HOSTILE)), enumerable: true, configurable: true, writable: true });
      return;
    }
  }
}
