/** Field encryption on the databases: what lies there, and what a client sees. docs/decisions/018 has the scheme. */
import { createHash } from 'node:crypto';
import { readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MongoClient } from 'mongodb';
import { afterAll, describe, expect, test } from 'vitest';
import { newFieldKey } from '../../src/encryption/field-keys.ts';
import { everythingStored, findings } from './everything-stored.ts';
import { type Ask, openPlace, withGateway } from './gateways.ts';
import { ALL_PLANTED, expectFound, OVER_IDENTIFIERS, PLANTED, patientText, plant } from './planted.ts';

const place = await openPlace();
afterAll(() => place.close());

const [first, second, third] = [newFieldKey('first'), newFieldKey('second'), newFieldKey('third')];
const off = {};
const on = (...keys: readonly string[]) => ({ FIELD_ENCRYPTION: 'on', FIELD_ENCRYPTION_KEYS: keys.join() });

const stored = () => everythingStored(place.mongodbUri, place.databaseUrl, place.dataDir);
const ofResources = (found: readonly string[]) => found.filter((each) => !/auditevent|file /.test(each));

const onYear = (ask: Ask, action: string) => ask('POST', `$shard?action=${action}&type=Encounter&year=2009`);

/** Takes the year out, so that it is in its file only. */
async function archiveYear(ask: Ask): Promise<void> {
  const [, exported] = [await onYear(ask, 'add-partition'), await onYear(ask, 'archive-partition')];
  const sha256 = exported.json.parameter.find(({ name }: { name: string }) => name === 'sha256').valueString;
  expect((await onYear(ask, `archive-partition&confirm=${sha256}`)).status).toBe(200);
}

/** The one file of the year. */
async function archiveFile(): Promise<{ readonly name: string; readonly text: string }> {
  const names = (await readdir(join(place.dataDir, 'archives'))).filter((name) => name.includes('2009'));
  expect(names).toHaveLength(1);
  const [name = ''] = names;
  return { name, text: await readFile(join(place.dataDir, 'archives', name), 'utf8') };
}

/** Brings everything that is stored into the gateway's own form. Gives what the run tells of itself. */
async function rotate(ask: Ask): Promise<unknown> {
  const asked = await ask('POST', '$reindex?texts=true');
  expect([asked.status, asked.text]).toEqual([202, '']);
  const job = new URL(asked.headers.get('content-location') ?? '').search;
  for (let look = 0; look < 300; look++) {
    const { status, json } = await ask('GET', `$reindex-status${job}`);
    if (status === 200) return json.parameter;
    await sleep(100);
  }
  throw new Error('the run did not end');
}

/** The parameter over identifiers, which was registered before they were encrypted. */
async function expectOwnFinds(ask: Ask): Promise<void> {
  for (let look = 0; look < 200; look++) {
    const { status, json } = await ask('GET', `Patient?mrn-text=${PLANTED.secondMrn}&_total=accurate`);
    if (status === 409) await sleep(100);
    else return expect([status, json.total]).toEqual([200, 1]);
  }
  throw new Error('it was never indexed');
}

async function expectTexts(ask: Ask): Promise<void> {
  const [now, before] = await Promise.all([ask('GET', 'Patient/planted'), ask('GET', 'Patient/planted/_history/1')]);
  const body = (text: string) => text.slice(text.indexOf('"text"'));
  expect(body(before.text)).toBe(body(patientText(PLANTED.mrn)));
  expect(now.text).toContain(PLANTED.secondMrn);
  expect(now.text).toContain('"valueDecimal":1.500');
  const history = await ask('GET', 'Encounter/planted-stay/_history');
  expect(history.text).toContain(PLANTED.mrn);
}

// Each goes on where the one before it ended.
describe('identifiers in the databases', { retry: 0 }, () => {
  test('lie there as they are without encryption: the search for them finds them', { timeout: 120_000 }, async () => {
    await withGateway(place, off, async (ask) => {
      expect((await ask('PUT', 'SearchParameter/mrn-text', OVER_IDENTIFIERS)).status).toBe(201);
      await plant(ask);
      await expectFound(ask);
      await expectTexts(ask);
      await expectOwnFinds(ask);
    });
    const found = findings(await stored(), ALL_PLANTED);
    for (const where of ['collection resources', 'collection history', 'table resource_history', 'auditevent'])
      expect(found.some((each) => each.includes(where))).toBe(true);
  });

  test('stay found when encryption is switched on over them, and are nowhere once all has been gone through', {
    timeout: 120_000,
  }, async () => {
    await withGateway(place, on(first), async (ask) => {
      await expectFound(ask);
      await expectTexts(ask);
      await rotate(ask);
      await expectFound(ask);
      await expectTexts(ask);
      const own = await ask('GET', `Patient?mrn-text=${PLANTED.secondMrn}`);
      expect([own.status, own.json.issue[0].diagnostics]).toEqual([
        400,
        expect.stringMatching(/"mrn-text" is not used: .* field encryption/),
      ]);
      expect(ofResources(findings(await stored(), ALL_PLANTED))).toEqual([]);
    });
    await withGateway(place, on(first), async (ask) => {
      await expectFound(ask);
      await expectTexts(ask);
    });
    expect(ofResources(findings(await stored(), ALL_PLANTED))).toEqual([]);
  });

  test('go under a new key, history as well, so that the old one is needed no more', { timeout: 120_000 }, async () => {
    await withGateway(place, on(second, first), async (ask) => {
      await expectFound(ask);
      await rotate(ask);
    });
    const resources = [...(await stored())].filter(([name]) => !/auditevent|ledger|idempotency|file /.test(name));
    expect(resources.filter(([, text]) => text.includes('~1~first~')).map(([name]) => name)).toEqual([]);
    expect(resources.some(([, text]) => text.includes('~1~second~'))).toBe(true);
    await withGateway(place, on(second), async (ask) => {
      await expectFound(ask);
      await expectTexts(ask);
    });
  });

  test('go under a new key in archived years as well, whose files are written anew', { timeout: 120_000 }, async () => {
    await withGateway(place, on(second), async (ask) => {
      const period = { start: '2009-03-01', end: '2009-03-02' };
      const stay = { resourceType: 'Encounter', id: 'old', status: 'finished', class: { code: 'AMB' }, period };
      const identifier = [{ type: { coding: [{ code: 'MR' }] }, value: PLANTED.mrn }];
      expect((await ask('PUT', 'Encounter/old', { ...stay, identifier })).status).toBe(201);
      await archiveYear(ask);
    });
    const before = await archiveFile();
    expect(before.text).toContain('~1~second~');
    await withGateway(place, on(third, second), rotate);
    await withGateway(place, on(third), async (ask) => {
      const { name, text } = await archiveFile();
      expect(text).toContain('~1~third~');
      expect(text).not.toContain('~1~second~');
      const shown = (await ask('GET', '$shard')).text;
      for (const part of [name, createHash('sha256').update(text).digest('hex')]) expect(shown).toContain(part);
      expect((await onYear(ask, 'restore-partition')).status).toBe(200);
      expect((await ask('GET', 'Encounter/old')).text).toContain(PLANTED.mrn);
      expect((await ask('GET', `Encounter?identifier=${PLANTED.mrn}&date=2009&_total=accurate`)).json.total).toBe(1);
    });
  });

  test('keep an old key needed as long as the file of an archived year can not be had, and the year is named', {
    timeout: 120_000,
  }, async () => {
    await withGateway(place, on(third), archiveYear);
    const { name } = await archiveFile();
    const [there, elsewhere] = [join(place.dataDir, 'archives', name), join(place.dataDir, name)];
    await rename(there, elsewhere);
    await withGateway(place, on(second, third), async (ask) => {
      const parts = await rotate(ask);
      expect(JSON.stringify(parts)).toMatch(/"archive","part":\[{"name":"name","valueString":"encounter_y2009"},{"name":"problem"/);
    });
    await expect(withGateway(place, on(second), async () => {})).rejects.toThrow(
      /not configured: third; .* archived years: encounter_y2009/,
    );
    await rename(elsewhere, there);
    await withGateway(place, on(second, third), rotate);
    await withGateway(place, on(second), async (ask) => {
      expect((await onYear(ask, 'restore-partition')).status).toBe(200);
      expect((await ask('GET', 'Encounter/old')).text).toContain(PLANTED.mrn);
      await expectFound(ask);
    });
  });

  test('come back from an archive in the form of the gateway that restores it, before anything is rotated', {
    timeout: 120_000,
  }, async () => {
    await withGateway(place, on(second), archiveYear);
    await withGateway(place, on(third, second), async (ask) => {
      expect((await onYear(ask, 'restore-partition')).status).toBe(200);
      const row = [...(await stored())].find(([name]) => name.includes('encounter_y2009'))?.[1];
      expect(row).toContain('~1~third~');
      expect(row).not.toContain('~1~second~');
      await expectFound(ask);
    });
    await withGateway(place, on(second, third), rotate);
  });

  test('are not served without their key: the gateway does not start, and says which key it is', async () => {
    const refused = /encrypted with a key that is not configured: second/;
    await expect(withGateway(place, on(newFieldKey('other')), async () => {})).rejects.toThrow(refused);
    await expect(withGateway(place, off, async () => {})).rejects.toThrow(refused);
  });

  test('are not served when somebody has altered them', async () => {
    const client = await MongoClient.connect(place.mongodbUri);
    const documents = client.db().collection('resources');
    const before = await documents.findOne({ type: 'Patient', id: 'planted', raw: { $exists: true } });
    const raw = String(before?.raw);
    await documents.updateOne({ _id: before?._id as never }, { $set: { raw: raw.replace('"Curie', '"Cury') } });
    try {
      await withGateway(place, on(second), async (ask) => {
        const answer = await ask('GET', 'Patient/planted');
        expect(answer.status).toBe(500);
        expect(answer.json.issue[0].diagnostics).toMatch(/^Patient\/planted\/_history\/3 .* altered/);
        expect(answer.text).not.toContain('Cury');
      });
    } finally {
      await documents.updateOne({ _id: before?._id as never }, { $set: { raw } });
      await client.close();
    }
  });

  test('can be had back plain', { timeout: 120_000 }, async () => {
    await withGateway(place, { FIELD_ENCRYPTION: 'off', FIELD_ENCRYPTION_KEYS: second }, async (ask) => {
      await expectFound(ask);
      await rotate(ask);
    });
    await withGateway(place, off, async (ask) => {
      await expectFound(ask);
      await expectTexts(ask);
      await expectOwnFinds(ask);
    });
  });
});
