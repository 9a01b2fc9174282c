/** Tokens for PostgreSQL over HTTP: two gateways before a primary and a streaming replica, which is held up; then without the primary. */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testMongo } from '../support/databases.ts';
import { type Answer, type GatewayProcess, gatewaysOfATest, onStores } from '../support/gateway-process.ts';
import { type PostgresPair, startPostgresPair, untilCaughtUp } from '../support/postgres-pair.ts';

const { mongodbUri } = await testMongo();
const { freshFolder, start } = gatewaysOfATest();
let pair: PostgresPair;

beforeAll(async () => {
  pair = await startPostgresPair();
}, 60_000);
afterAll(() => pair.stop(), 30_000);

const visit = { resourceType: 'Encounter', status: 'finished', class: { code: 'AMB' }, subject: { reference: 'Patient/two' } };
const transaction = {
  resourceType: 'Bundle',
  type: 'transaction',
  entry: [
    { request: { method: 'POST', url: 'Encounter' }, resource: visit },
    {
      request: { method: 'POST', url: 'Observation' },
      resource: { resourceType: 'Observation', status: 'final', code: { text: 'pulse' }, subject: { reference: 'Patient/two' } },
    },
  ],
};
const tokenOf = ({ headers }: Answer) => ({ 'Consistency-Token': headers.get('Consistency-Token') ?? '' });

async function visitsBy(gateway: GatewayProcess, headers: Record<string, string>): Promise<number> {
  const answer = await gateway.ask('GET', 'Encounter?patient=two', undefined, headers);
  expect(answer.status, answer.text).toBe(200);
  return answer.json.entry?.length ?? 0;
}

describe('a token of one gateway', () => {
  test('is kept by another: over a replica that is held up, and over one whose primary is stopped', { timeout: 180_000 }, async () => {
    const dataDir = await freshFolder();
    const stores = { mongodbUri, databaseUrl: pair.primary.url };
    const options = { dataDir, ...onStores(stores, '--database-replica-urls', pair.replica.url) };
    const [a, b] = await Promise.all([start(options), start(options)]);
    await a.ask('PUT', 'Patient/two', { resourceType: 'Patient', id: 'two' });

    const before = tokenOf(await a.ask('POST', 'Encounter', visit));
    expect(await visitsBy(b, before)).toBe(1);
    await untilCaughtUp(pair);
    const replica = new pg.Client({ connectionString: pair.replica.url });
    await replica.connect();
    await replica.query('SELECT pg_wal_replay_pause()');
    const written = await a.ask('POST', '', transaction);
    expect(written.status, written.text).toBe(200);
    const held = tokenOf(written);
    for (const gateway of [a, b]) expect(await visitsBy(gateway, held)).toBe(2);
    // An answer from the other store alone takes nothing from the token.
    const passedOn = tokenOf(await b.ask('GET', 'Patient/two', undefined, held));
    for (const gateway of [a, b]) expect(await visitsBy(gateway, passedOn)).toBe(2);
    // The replica is asked: who only needs the first visit may get it from there.
    expect(await visitsBy(b, before)).toBe(1);
    await replica.query('SELECT pg_wal_replay_resume()');
    await replica.end();

    await untilCaughtUp(pair);
    await pair.primary.stop();
    expect(await visitsBy(b, held)).toBe(2);
    expect(await visitsBy(a, passedOn)).toBe(2);
    expect((await b.ask('GET', 'Encounter?patient=two')).status).toBe(503);
  });
});
