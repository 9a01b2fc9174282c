/**
 * A gateway killed with SIGKILL at each step of a commit over both stores leaves all of it or nothing.
 *
 * `FAULT_ROUNDS` (default 200) says how often; the seed is printed, `FAULT_SEED` repeats a run.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keysOf } from '../../src/store/benchmark/scratch-units.ts';
import { migrateMongo } from '../../src/store/mongo/migrate.ts';
import { NAME_PREFIX } from '../../src/store/placement/commit-name.ts';
import { recoverOnce } from '../../src/store/placement/recovery.ts';
import type { CommitStep } from '../../src/store/placement/two-phase.ts';
import { testDatabases } from '../support/databases.ts';
import { createRandom, seedFrom } from '../support/random.ts';
import { openStores } from './stores.ts';
import type { VictimOrder } from './victim.ts';

const rounds = Number(process.env.FAULT_ROUNDS ?? 200);
const seed = seedFrom('FAULT_SEED');
const STEPS: readonly (CommitStep | 'any')[] = ['before-prepare', 'prepared', 'decided', 'finished', 'any'];

const { mongodbUri, databaseUrl } = await testDatabases();
let stores: Awaited<ReturnType<typeof openStores>>;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meridian-faults-'));
  stores = await openStores(mongodbUri, databaseUrl);
  await migrateMongo(stores.clinical.collections.client, stores.clinical.collections.databaseName);
  await stores.administrative.migrate();
}, 120_000);

afterAll(async () => {
  await stores.clinical.close();
  await stores.administrative.close();
  await rm(folder, { recursive: true, force: true });
});

/** A victim's life: how far it came by its own account. */
async function live(
  order: VictimOrder,
): Promise<{ readonly started: readonly number[]; readonly done: readonly number[]; readonly signal: string | null }> {
  const child = spawn(process.execPath, [new URL('./victim.ts', import.meta.url).pathname, JSON.stringify(order)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const signal = await new Promise<string | null>((resolve) => child.on('exit', (_code, by) => resolve(by)));
  const journal = await readFile(order.journal, 'utf8').catch(() => '');
  const numbers = (word: string) =>
    journal
      .split('\n')
      .filter((line) => line.startsWith(word))
      .map((line) => Number(line.slice(word.length + 1)));
  return { started: numbers('start'), done: numbers('done'), signal };
}

async function presentOf(n: number): Promise<number> {
  const reads = await Promise.all(
    keysOf(n).map((key) => (key.type === 'Claim' || key.type === 'Encounter' ? stores.administrative : stores.clinical).read(key)),
  );
  return reads.filter((version) => version !== undefined).length;
}

describe('a commit over both stores, its gateway killed', () => {
  test(`leaves all or nothing, ${rounds} times (seed ${seed})`, { timeout: 60_000 + rounds * 5_000 }, async () => {
    const random = createRandom(seed);
    const outcomes = { whole: 0, nothing: 0 };
    let first = 1;
    for (let round = 0; round < rounds; round++) {
      const gatewayId = `victim.${round}`;
      const step = STEPS[round % STEPS.length] as CommitStep | 'any';
      const journal = join(folder, String(round));
      const life = await live({
        mongodbUri,
        databaseUrl,
        gatewayId,
        first,
        units: 1 + random.below(3),
        step,
        afterMs: 250 + random.below(150),
        journal,
      });
      expect(life.signal).toBe('SIGKILL');
      await recoverOnce({ ...stores, gatewayId: 'judge', underWay: new Set(), goneAmong: async (ids) => ids, log: () => undefined });

      expect(await stores.administrative.listPrepared(NAME_PREFIX)).toEqual([]);
      for (const n of life.started) {
        const present = await presentOf(n);
        expect(
          present === 0 || present === keysOf(n).length,
          `unit ${n} killed at ${step}: ${present} of ${keysOf(n).length} resources`,
        ).toBe(true);
        if (life.done.includes(n)) expect(present, `acknowledged unit ${n}`).toBe(keysOf(n).length);
        outcomes[present === 0 ? 'nothing' : 'whole']++;
      }
      first = Math.max(first, ...life.started.map((n) => n + 1));
    }
    // Both ends were reached, or the test has not tried anything.
    if (rounds >= STEPS.length) expect(Math.min(outcomes.whole, outcomes.nothing)).toBeGreaterThan(0);
  });
});
