/**
 * The leak oracle: whatever a token for patient `a` asks, the answer is the same whether or not the data of patient `b` is
 * there. `LEAK_COUNT=50000 LEAK_SEED=7 npx vitest run tests/leaks` asks more, or the same again.
 */
import { describe, expect, test } from 'vitest';
import { isServersOwn } from '../../src/model/servers-own.ts';
import { seedFrom } from '../support/random.ts';
import { MUTANTS } from './mutants.ts';
import { untestedTypes } from './per-type.ts';
import { CHANNELS } from './queries.ts';
import { DENIED, DENIED_DATA, LABEL, UNCLEARED } from './restricted.ts';
import { findLeaks } from './run.ts';
import { leakServices } from './services.ts';

const services = leakServices();
const seed = seedFrom('LEAK_SEED');
const members = Object.keys(services.definitions.compartments.Patient ?? {});
const queries = Number(process.env.LEAK_COUNT ?? 5_000);

describe('a token for one patient', () => {
  test(`learns nothing of another: ${queries} requests over ${Object.keys(CHANNELS).length} channels (LEAK_SEED=${seed})`, async () => {
    const { leaks, asked, types } = await findLeaks({ services, seed, queries });
    expect(leaks).toEqual([]);
    if (queries < 1_000) return;
    expect([...asked.keys()].sort()).toEqual(Object.keys(CHANNELS).sort());
    expect(members.filter((type) => !types.has(type))).toEqual([]);
  }, 600_000);
});

describe('the comparison finds a hole', () => {
  test(`of the size of one type, for each of the ${members.length}`, async () => {
    // Out of reach of every scope for patients: there is no filter to be off.
    const outOfReach = members.filter(isServersOwn);
    expect(await untestedTypes(services, seed), `LEAK_SEED=${seed}`).toEqual(outOfReach);
  }, 120_000);

  test.each(MUTANTS.map((mutant) => [mutant.name, mutant] as const))(
    '%s',
    async (_name, { tamper, channels }) => {
      const { leaks } = await findLeaks({ services, seed, queries: 2_000, channels, tamper });
      expect(leaks, `LEAK_SEED=${seed}`).toHaveLength(1);
    },
    120_000,
  );
});

const RESTRICTED = [
  ['a patient whose consent denies it', { whos: DENIED }, MUTANTS],
  // These pass where the others do: some of the holes will do.
  ['data denied by code, time, stay, relation, author and name', { whos: DENIED_DATA }, MUTANTS.filter((_, index) => index % 3 === 0)],
  // Labels pass where consents do: some of the holes will do.
  ['what bears a label above its clearance', { whos: UNCLEARED, label: LABEL }, MUTANTS.filter((_, index) => index % 5 === 0)],
] as const;

describe.each(RESTRICTED)('a token for everything learns nothing of %s', (_of, restricted, mutants) => {
  const some = Math.ceil(queries / 4);
  test(`${some} requests (LEAK_SEED=${seed})`, async () => {
    const { leaks } = await findLeaks({ services, seed, queries: some, ...restricted });
    expect(leaks).toEqual([]);
  }, 600_000);

  test.each(mutants.map((mutant) => [mutant.name, mutant] as const))(
    'and the comparison finds a hole: %s',
    async (_name, { tamper, channels }) => {
      const { leaks } = await findLeaks({ services, seed, queries: 2_000, channels, tamper, ...restricted });
      expect(leaks, `LEAK_SEED=${seed}`).toHaveLength(1);
    },
    120_000,
  );
});
