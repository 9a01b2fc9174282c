import { describe, expect, test } from 'vitest';
import { createMemoryStore } from '../../src/store/memory/memory-store.ts';
import { FAULTS } from './faults.ts';
import { createModel } from './model.ts';
import { findRegressions } from './regressions.ts';
import { findDivergences, findStoreDivergences, runOptions } from './run.ts';

const types = { a: 'Observation', b: 'Condition' };

describe('random searches: memory answers as the model does', () => {
  const options = runOptions(2000);

  test(`${options.searches} searches, DIFFERENTIAL_SEED=${options.seed}`, { timeout: 60_000 + options.searches * 100 }, async () => {
    const divergences = await findStoreDivergences(createMemoryStore(), types, options);
    expect(divergences.map((divergence) => divergence.text)).toEqual([]);
  });

  test('regressions', async () => {
    expect(await findRegressions(createMemoryStore(), types)).toEqual([]);
  });
});

describe('random searches find every deliberate fault', () => {
  const options = { ...runOptions(0), searches: 2500 };

  test.each(Object.entries(FAULTS))(`%s (DIFFERENTIAL_SEED=${options.seed})`, { timeout: 30_000 }, async (_name, decisions) => {
    const divergences = await findDivergences(types, options, async (world) => createModel(world.versions, decisions));
    expect(divergences.length).toBeGreaterThan(0);
  });
});
