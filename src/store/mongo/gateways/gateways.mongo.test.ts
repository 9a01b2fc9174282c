import { setTimeout as sleep } from 'node:timers/promises';
import { ulid } from 'ulid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testMongo } from '../../../../tests/support/databases.ts';
import { until } from '../../../../tests/support/until.ts';
import { connectMongo, type MongoCollections } from '../client.ts';
import { migrateMongo } from '../migrate.ts';
import { type GatewayClock, startGatewayClock } from './gateways.ts';

const { mongodbUri } = await testMongo();
let collections: MongoCollections;
const clocks: GatewayClock[] = [];

beforeAll(async () => {
  collections = await connectMongo({ uri: mongodbUri });
  await migrateMongo(collections.client, collections.databaseName);
});
afterAll(async () => {
  await Promise.all(clocks.map((clock) => clock.close()));
  await collections.client.close();
});

async function open(): Promise<GatewayClock> {
  const clock = await startGatewayClock(collections, { place: ulid(), newUlid: ulid, now: Date.now });
  clocks.push(clock);
  return clock;
}

describe('what gateways announce', () => {
  test('is known to all when each has told it, and its writes from before have ended', async () => {
    const [a, b] = [await open(), await open()];
    a.announce(['x/1']);
    await sleep(700);
    expect(await a.allKnow('x/1'), 'b has not heard of it').toBe(false);

    const write = b.beginWrite();
    b.announce(['x/1', 'y/1']);
    const later = b.beginWrite();
    await sleep(700);
    expect(await a.allKnow('x/1'), 'b may still write without it').toBe(false);
    write.end();
    expect(await until(() => a.allKnow('x/1'))).toBe(true);
    expect(await b.allKnow('y/1'), 'a has not heard of it').toBe(false);
    later.end();

    const c = await open();
    expect(await a.allKnow('x/1'), 'who comes knows nothing').toBe(false);
    c.announce(['x/1']);
    expect(await until(() => a.allKnow('x/1'))).toBe(true);
    c.announce([]);
    expect(await until(async () => !(await a.allKnow('x/1'))), 'c has taken it back').toBe(true);
  });
});
