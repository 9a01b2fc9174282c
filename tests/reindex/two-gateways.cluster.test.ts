/**
 * Own search parameters and `$reindex` on the databases, through two gateways: no hole by a gateway that has not heard of a
 * parameter, none by a concurrent update, none by a kill -9.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { MongoClient } from 'mongodb';
import { describe, expect, test } from 'vitest';
import { testDatabases } from '../support/databases.ts';
import { type GatewayProcess, gatewaysOfATest, onStores } from '../support/gateway-process.ts';
import { until } from '../support/until.ts';
import { CONDITION, ownParameter } from './own-parameter.ts';

const databases = await testDatabases();
const { freshFolder, start } = gatewaysOfATest();

async function startTwo(): Promise<[GatewayProcess, GatewayProcess, () => Promise<GatewayProcess>]> {
  const dataDir = await freshFolder();
  const another = () => start({ dataDir, ...onStores(databases) });
  // One after the other: on a busy machine the first migrates for a while.
  return [await another(), await another(), another];
}

const ward = (name: string) => [{ url: 'urn:ward', valueCode: name }];

/** `n` of each: a Condition in MongoDB and an Encounter in PostgreSQL. */
async function fill(gateway: GatewayProcess, tag: string, from: number, n: number): Promise<void> {
  const entry = Array.from({ length: n }, (_, i) => [
    { ...CONDITION, id: `${tag}-${from + i}`, subject: { reference: `Patient/${tag}-${(from + i) % 7}` }, extension: ward(tag) },
    { ...encounter(from + i), id: `${tag}-${from + i}`, extension: ward(tag) },
  ]).flatMap((pair) => pair.map((resource) => ({ resource, request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` } })));
  const answer = await gateway.ask('POST', '', { resourceType: 'Bundle', type: 'batch', entry });
  expect(answer.json.entry.every((each: { response: { status: string } }) => each.response.status.startsWith('201'))).toBe(true);
}

const encounter = (n: number) => ({
  resourceType: 'Encounter',
  status: 'finished',
  class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
  period: { start: `${2018 + (n % 7)}-03-01`, end: `${2018 + (n % 7)}-03-02` },
});

const wardParameter = (code: string) => ({
  ...ownParameter(code),
  base: ['Condition', 'Encounter'],
  expression: "Condition.extension.where(url='urn:ward').value | Encounter.extension.where(url='urn:ward').value",
});

async function untilAnswered(gateway: GatewayProcess, path: string) {
  for (let look = 0; look < 600; look++) {
    const answer = await gateway.ask('GET', path);
    if (answer.status === 200) return answer.json;
    expect([400, 409]).toContain(answer.status);
    await sleep(100);
  }
  throw new Error(`${path} was never answered`);
}

const countOf = async (gateway: GatewayProcess, path: string) => (await untilAnswered(gateway, `${path}&_summary=count`)).total;

describe('own search parameters on the databases', () => {
  test('have no hole, whichever gateway wrote what while they came', { timeout: 180_000 }, async () => {
    const [a, b] = await startTwo();
    const tag = `hole${Date.now()}`;
    await fill(a, tag, 0, 30);
    // Written through the other gateway from before the parameter comes until after it answers.
    let written = 30;
    let isAnswered = false;
    const writing = (async () => {
      while (!isAnswered) {
        await fill(b, tag, written, 5);
        written += 5;
      }
    })();
    const before = await a.ask('GET', `Condition/${tag}-0`);
    expect((await a.ask('PUT', `SearchParameter/w${tag}`, wardParameter(`w${tag}`))).status).toBe(201);
    for (const type of ['Condition', 'Encounter']) {
      await countOf(a, `${type}?w${tag}=${tag}`);
      await countOf(b, `${type}?w${tag}=${tag}`);
    }
    isAnswered = true;
    await writing;
    for (const gateway of [a, b]) {
      expect(await countOf(gateway, `Condition?w${tag}=${tag}`)).toBe(written);
      expect(await countOf(gateway, `Encounter?w${tag}=${tag}`)).toBe(written);
      // In one record: by the entries of the shard that the patient lies on.
      expect(await countOf(gateway, `Condition?subject=Patient/${tag}-3&w${tag}=${tag}`)).toBeGreaterThan(0);
    }
    const after = await a.ask('GET', `Condition/${tag}-0`);
    expect(after.text).toBe(before.text);
    expect((await a.ask('GET', `Condition/${tag}-0/_history`)).json.entry).toHaveLength(1);

    await b.ask('DELETE', `SearchParameter/w${tag}`);
    expect(await until(async () => (await a.ask('GET', `Condition?w${tag}=x`)).status === 400)).toBe(true);
  });

  test('go on where they were when a gateway is killed; concurrent updates win', { timeout: 240_000 }, async () => {
    const [a, b, another] = await startTwo();
    const tag = `kill${Date.now()}`;
    await fill(a, tag, 0, 260);
    const mongo = await new MongoClient(databases.mongodbUri).connect();
    try {
      const resources = mongo.db(new URL(databases.mongodbUri).pathname.slice(1)).collection<{ s: string[] }>('resources');
      // As if an older version of the server had made no entries for the status.
      const lost = { type: 'Condition', s: `Condition.subject=Patient/${tag}-1` };
      const total = await countOf(a, `Condition?subject=Patient/${tag}-1`);
      await resources.updateMany(lost, { $set: { s: [`Condition.subject=Patient/${tag}-1`] }, $unset: { o: '' } });
      expect((await b.ask('PUT', `SearchParameter/w${tag}`, wardParameter(`w${tag}`))).status).toBe(201);
      expect((await a.ask('POST', '$reindex?type=Condition,Encounter')).status).toBe(202);
      const statuses = async (gateway: GatewayProcess) =>
        (await gateway.ask('GET', '$reindex-status')).json.parameter.map(
          (job: { part: { name: string; valueInteger?: number }[] }) => job.part.find((part) => part.name === 'percent')?.valueInteger,
        );
      await until(async () => (await statuses(a)).some((percent: number) => percent > 0 && percent < 100), 6_000, 20);
      await Promise.all([a.end('SIGKILL'), b.end('SIGKILL')]);
      const jobs = mongo.db(new URL(databases.mongodbUri).pathname.slice(1)).collection('reindex_jobs');
      expect(await jobs.countDocuments({ isComplete: false })).toBeGreaterThan(0);
      const c = await another();
      const updated = { ...CONDITION, id: `${tag}-0`, subject: { reference: `Patient/${tag}-0` }, extension: ward('elsewhere') };
      expect((await c.ask('PUT', `Condition/${tag}-0`, updated)).status).toBe(200);
      expect(await countOf(c, `Condition?w${tag}=${tag}`)).toBe(259);
      expect(await countOf(c, `Encounter?w${tag}=${tag}`)).toBe(260);
      expect(await countOf(c, `Condition?w${tag}=elsewhere`)).toBe(1);
      expect(await until(async () => !(await statuses(c)).some((percent: number) => percent < 100), 60_000)).toBe(true);
      expect(await countOf(c, `Condition?w${tag}=${tag}&subject=Patient/${tag}-1`)).toBe(total);
      await c.ask('DELETE', `SearchParameter/w${tag}`);
    } finally {
      await mongo.close();
    }
  });
});
