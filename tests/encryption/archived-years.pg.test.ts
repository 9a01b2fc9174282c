/** Archived years at a key rotation: whatever is killed, an archive is whole, and ends under the new key alone. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, describe, expect, test } from 'vitest';
import { newFieldKey } from '../../src/encryption/field-keys.ts';
import type { ResourceDraft } from '../../src/model/resource.ts';
import { create, createScene } from '../../src/store/contract/scene.ts';
import { createPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import { openArchive } from '../support/archive.ts';
import { createRandom, seedFrom } from '../support/random.ts';
import { openFields, type RenewerOrder } from './archive-renewer.ts';

const { databaseUrl, archiveDir, store, archive, restore, filesOf, close } = await openArchive();
const [older, newer] = [newFieldKey('older'), newFieldKey('newer')];
const before = openFields(older);
const after = openFields(`${newer},${older}`);
const alone = openFields(newer);
afterAll(() => close());

const textOf = async (name: string | undefined) => readFile(join(archiveDir, name ?? ''), 'utf8');
const entryOf = async (year: number) =>
  (await store.administration.describeArchives()).find(({ partition }) => partition === `encounter_y${year}`);

/** Encounters with identifiers, under the older key: some to be encrypted, some not. */
async function fill(year: number, count: number): Promise<readonly ResourceDraft[]> {
  const scene = createScene({ a: 'Encounter', b: 'Claim' });
  const drafts = Array.from({ length: count }, (_, n) => {
    const identifier = [{ type: { coding: [{ code: n % 2 === 0 ? 'MR' : 'XX' }] }, value: `${year}-secret-${n}` }];
    const period = { start: `${year}-06-01`, end: `${year}-06-02` };
    const tree = { resourceType: 'Encounter', status: 'finished', class: { code: 'AMB' }, identifier, period, n: '\u2028 \\ \u00e9' };
    const draft = scene.draft({ raw: JSON.stringify(tree) });
    return { ...draft, raw: before.fields.seal(draft), index: before.indexer.entries(tree, draft) };
  });
  for (const draft of drafts) await store.commit({ writes: [create(draft)] });
  return drafts;
}

async function archiveWhole(year: number): Promise<void> {
  await archive(year, (await archive(year)).sha256);
}

/** The record of the archive names a file that is there and has the digest that it says. */
async function expectWhole(year: number, rows: number): Promise<void> {
  const entry = await entryOf(year);
  const text = await textOf(entry?.file);
  expect([entry?.rows, text.split('\n').length - 1]).toEqual([rows, rows]);
  expect(createHash('sha256').update(text).digest('hex')).toBe(entry?.sha256);
}

/** After it the new key alone opens everything, and finds it by identifiers. */
async function expectRenewed(year: number, drafts: readonly ResourceDraft[]): Promise<void> {
  await restore(year);
  expect(await filesOf(year)).toEqual([]);
  for (const draft of drafts) {
    const found = await store.read(draft);
    expect(found && alone.fields.open(found)).toBe(before.fields.open(draft));
  }
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 1 });
  const { rows } = await pool.query(`SELECT id, s::text AS s FROM encounter_y${year} ORDER BY id`);
  await pool.end();
  const [last] = [...drafts].sort((a, b) => (a.id < b.id ? -1 : 1)).slice(-1);
  const plain = JSON.parse(before.fields.open(last as ResourceDraft));
  const entries = alone.indexer.entries(plain, last as ResourceDraft).s.filter((entry) => entry.includes('identifier'));
  expect(entries.length).toBeGreaterThan(0);
  const hash = alone.fields.identifiers.stored('Encounter', plain.identifier[0].value);
  expect(rows.at(-1)).toMatchObject({ id: last?.id, s: expect.stringContaining(hash) });
}

describe('archived years at a key rotation', () => {
  test('are whole whenever the process is killed, and under the new key in the end', { timeout: 120_000 }, async () => {
    const seed = seedFrom('ARCHIVE_SEED');
    console.info(`ARCHIVE_SEED=${seed}`);
    const random = createRandom(seed);
    const [dropped, exported] = [await fill(2011, 400), await fill(2012, 250)];
    await archiveWhole(2011);
    await archive(2012);
    const first = [await entryOf(2011), await entryOf(2012)];
    const order: RenewerOrder = { databaseUrl, archiveDir, keys: `${newer},${older}` };
    const renewer = new URL('./archive-renewer.ts', import.meta.url).pathname;
    for (let kill = 0; kill < 8; kill++) {
      const child = spawn(process.execPath, [renewer, JSON.stringify(order)], { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(child.stdout, 'data');
      await sleep(random.below(1_200));
      child.kill('SIGKILL');
      await once(child, 'exit');
      expect(child.signalCode).toBe('SIGKILL');
      await expectWhole(2011, 400);
      await expectWhole(2012, 250);
    }
    for (const year of [2011, 2012]) {
      expect(await untilFree(`encounter_y${year}`)).toEqual({ kind: 'renewed' });
      await expectWhole(year, year === 2011 ? 400 : 250);
      expect(await filesOf(year)).toEqual([(await entryOf(year))?.file]);
      expect(await textOf((await entryOf(year))?.file)).not.toContain('~1~older~');
    }
    expect([(await entryOf(2011))?.state, (await entryOf(2012))?.state]).toEqual(['dropped', 'exported']);
    expect([(await entryOf(2011))?.sha256, (await entryOf(2012))?.sha256]).not.toEqual(first.map((entry) => entry?.sha256));
    await expectRenewed(2011, dropped);
    await expectRenewed(2012, exported);
  });

  test('are left alone where the file is another than the one exported, or is not there', { timeout: 60_000 }, async () => {
    await fill(2014, 10);
    await archiveWhole(2014);
    const elsewhere = createPostgresStore({ url: databaseUrl, archiveDir: join(archiveDir, 'elsewhere') });
    const renewed = await elsewhere.archivedYears.renew('encounter_y2014', after.renewal, () => false);
    await elsewhere.close();
    expect(renewed).toEqual({ kind: 'passed by', problem: expect.stringContaining('archive folder') });
    await expectWhole(2014, 10);
    expect(await textOf((await entryOf(2014))?.file)).toContain('~1~older~');
  });

  test('are left for later when the gateway stops', { timeout: 60_000 }, async () => {
    const drafts = await fill(2016, 10);
    await archive(2016);
    expect(await store.archivedYears.renew('encounter_y2016', after.renewal, () => true)).toEqual({ kind: 'stopped' });
    await expectWhole(2016, 10);
    expect(await untilFree('encounter_y2016')).toEqual({ kind: 'renewed' });
    await expectRenewed(2016, drafts);
  });
});

/** The lock of a process that was killed goes when its connection is found dead. */
async function untilFree(partition: string) {
  for (let look = 0; ; look++) {
    try {
      return await store.archivedYears.renew(partition, after.renewal, () => false);
    } catch (error) {
      if (look === 50) throw error;
      await sleep(100);
    }
  }
}
