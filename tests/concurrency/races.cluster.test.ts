/** Many clients at once, through two gateways, on a few resources of both stores: what they are told is one story. */
import { expect, test } from 'vitest';
import { testDatabases } from '../support/databases.ts';
import { type Answer, type GatewayProcess, gatewaysOfATest, onStores } from '../support/gateway-process.ts';
import { createRandom, seedFrom } from '../support/random.ts';
import { contradictions } from './book.ts';
import { runClient } from './clients.ts';
import { follow } from './follower.ts';
import { bookOf, madeTwice, newRace } from './race.ts';

const databases = await testDatabases();
const { freshFolder, start } = gatewaysOfATest();

const CLIENTS = 12;
/** Requests of each client; more on demand. */
const count = Number(process.env.RACE_COUNT ?? 40);
const seed = seedFrom('RACE_SEED');

test(`${CLIENTS} clients, ${count} requests each, one gateway killed half-way; RACE_SEED=${seed}`, {
  timeout: 240_000 + count * 3_000,
  retry: 0,
}, async () => {
  const options = { dataDir: await freshFolder(), ...onStores(databases) };
  const gateways = await Promise.all([start(options), start(options)]);
  const race = newRace();

  const follower = follow((...request) => (gateways[0] as GatewayProcess).ask(...request).catch(() => undefined));
  const clients = Array.from({ length: CLIENTS }, (_, index) => {
    const random = createRandom(seed + index);
    const ask = (...request: Parameters<GatewayProcess['ask']>): Promise<Answer | undefined> =>
      random
        .pick(gateways)
        .ask(...request)
        .catch(() => undefined);
    return runClient(`c${index}`, count, ask, random, race);
  });
  await expect.poll(() => race.writes.length, { timeout: 100_000 + count * 1_000 }).toBeGreaterThan((CLIENTS * count) / 4);
  await gateways[1]?.end('SIGKILL');
  gateways[1] = await start(options);
  await Promise.all(clients);

  const { ask } = gateways[0] as GatewayProcess;
  expect(race.faults).toEqual([]);
  expect(await madeTwice(race, ask)).toEqual([]);
  const book = await bookOf(race, ask);
  expect(contradictions(book)).toEqual([]);
  const all = [...book.kept].flatMap(([key, versions]) => versions.map(({ version }) => `${key} ${version}`));
  // The last ones are told when the gateway that was killed can commit nothing earlier any more.
  await expect.poll(() => all.filter((version) => !follower.told.has(version)), { timeout: 60_000 }).toEqual([]);
  await follower.stop();
  const acknowledged = race.writes.filter(({ outcome }) => outcome === 'acknowledged').length;
  expect(acknowledged).toBeGreaterThan(race.writes.length / 4);
});
