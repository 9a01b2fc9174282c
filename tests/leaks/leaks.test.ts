/**
 * The leak oracle: whatever a token for patient `a` asks, the answer is the same whether or not the data of patient `b` is
 * there. `LEAK_COUNT=50000 LEAK_SEED=7 npx vitest run tests/leaks` asks more, or the same again.
 */
import { describe, expect, test } from 'vitest';
import { memoryServices } from '../support/memory-gateway.ts';
import { seedFrom } from '../support/random.ts';
import { MUTANTS } from './mutants.ts';
import { CHANNELS } from './queries.ts';
import { findLeaks } from './run.ts';

const services = memoryServices(() => {});
const seed = seedFrom('LEAK_SEED');
const queries = Number(process.env.LEAK_COUNT ?? 5_000);

describe('a token for one patient', () => {
  test(`learns nothing of another: ${queries} requests over ${Object.keys(CHANNELS).length} channels (LEAK_SEED=${seed})`, async () => {
    const { leaks, asked } = await findLeaks({ services, seed, queries });
    expect(leaks).toEqual([]);
    if (queries >= 1_000) expect([...asked.keys()].sort()).toEqual(Object.keys(CHANNELS).sort());
  }, 600_000);
});

describe('the comparison finds a hole', () => {
  test.each(MUTANTS.map((mutant) => [mutant.name, mutant] as const))(
    '%s',
    async (_name, { tamper, channels }) => {
      const { leaks } = await findLeaks({ services, seed, queries: 2_000, channels, tamper });
      expect(leaks, `LEAK_SEED=${seed}`).toHaveLength(1);
    },
    120_000,
  );
});
