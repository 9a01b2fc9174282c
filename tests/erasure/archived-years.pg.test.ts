/** A patient who is erased does not live on in an archived year: not in its rows, not in its file, and does not come back with it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { loadDefinitions } from '../../src/definitions/load.ts';
import { planErasure } from '../../src/jobs/plan-erasure.ts';
import { recordKeyOf } from '../../src/model/record-key.ts';
import type { ResourceDraft } from '../../src/model/resource.ts';
import { create, createScene, replace } from '../../src/store/contract/scene.ts';
import { storeOf } from '../../src/store/placement/placement.ts';
import { createPostgresStore, type PostgresStore } from '../../src/store/postgres/postgres-store.ts';
import { openArchive } from '../support/archive.ts';

const { databaseUrl, archiveDir, store, archive, restore, filesOf, close } = await openArchive();
const definitions = loadDefinitions();
afterAll(() => close());

const textOf = async (year: number) =>
  (await Promise.all((await filesOf(year)).map((file) => readFile(join(archiveDir, file), 'utf8')))).join('');

/** Two encounters of the patient who goes, one of them changed once; and of others. */
async function fill(year: number) {
  const goes = `goes-${year}`;
  const scene = createScene({ a: 'Encounter', b: 'Claim' });
  const r = [{ k: 'date', lo: Date.UTC(year, 5, 1), hi: Date.UTC(year, 5, 2) }];
  const rawFor = (patient: string) =>
    JSON.stringify({ resourceType: 'Encounter', status: 'finished', class: { code: 'AMB' }, subject: { reference: `Patient/${patient}` } });
  const draftFor = (patient: string) => scene.draft({ r, patients: [patient], raw: rawFor(patient) });
  const drafts = [goes, goes, ...Array.from({ length: 10 }, (_, n) => `stays-${n}`)].map(draftFor);
  for (const draft of drafts) await store.commit({ writes: [create(draft)] });
  const [first, second] = drafts as [ResourceDraft, ResourceDraft];
  await store.commit({ writes: [await replace(store, scene.next(second, { r, patients: [goes], raw: rawFor(goes) }))] });
  return { goes, first, second, others: drafts.slice(2) };
}

/** What lies in PostgreSQL. */
const resourcesOf = ({ collect, history }: PostgresStore) => ({
  history,
  collect: (request: Parameters<PostgresStore['collect']>[0]) =>
    collect({ ...request, types: request.types.filter((type) => storeOf(type) === 'administrative') }),
});
const services = (of = store) => ({
  resources: resourcesOf(of),
  erasure: of.erasure,
  definitions,
  placesOf: (patient: string) => [recordKeyOf(patient)],
  indexer: { patients: (resource: object) => [(resource as { subject: { reference: string } }).subject.reference] },
});

async function erase(patient: string) {
  const { items, shared } = await planErasure(patient, [], services());
  await store.erasure.erase(items, recordKeyOf(patient));
  return { items, shared };
}

describe('an erased record', () => {
  test.each([
    ['whose rows are gone, the file alone is left', 2001, true],
    ['that is exported, the rows still there', 2003, false],
  ])('leaves a year %s', { timeout: 60_000 }, async (_name, year, isDropped) => {
    const { goes, first, second, others } = await fill(year);
    const exported = await archive(year);
    if (isDropped) await archive(year, exported.sha256);
    expect(await textOf(year)).toContain(goes);

    const { items, shared } = await erase(goes);
    expect(shared).toEqual([]);
    expect(items.map(({ id, kind, versions }) => [id, kind, versions]).sort()).toEqual(
      [
        [first.id, 'whole', [1]],
        [second.id, 'whole', [2, 1]],
      ].sort(),
    );
    expect(await textOf(year)).not.toContain(goes);
    expect(await filesOf(year)).toHaveLength(1);
    const [after] = (await store.administration.describeArchives()).filter(({ partition }) => partition === `encounter_y${year}`);
    expect(after).toMatchObject({ state: isDropped ? 'dropped' : 'exported', rows: 10 });
    expect(after?.sha256).not.toBe(exported.sha256);
    if (!isDropped) await expect(archive(year, exported.sha256)).rejects.toMatchObject({ status: 409 });

    await store.erasure.erase(items, recordKeyOf(goes));
    expect((await planErasure(goes, [], services())).items).toEqual([]);
    expect(await restore(year)).toMatchObject({ rows: 10, sha256: after?.sha256 });
    expect(await filesOf(year)).toEqual([]);
    for (const key of [first, second]) expect(await store.read(key)).toBeUndefined();
    expect(await store.readVersion(second, 1)).toBeUndefined();
    for (const other of others) expect((await store.read(other))?.raw).toBe(other.raw);
  });

  test('waits for the gateway that has the file', { timeout: 60_000 }, async () => {
    const { goes, first } = await fill(2005);
    const exported = await archive(2005);
    await archive(2005, exported.sha256);
    const elsewhere = createPostgresStore({ url: databaseUrl, archiveDir: join(archiveDir, 'elsewhere') });
    await expect(planErasure(goes, [], services(elsewhere))).rejects.toMatchObject({
      status: 503,
      message: expect.stringContaining('archive folder'),
    });
    await expect(elsewhere.erasure.erase([first], recordKeyOf(goes))).rejects.toMatchObject({ status: 503 });
    await elsewhere.close();
    expect((await erase(goes)).items).toHaveLength(2);
    expect(await textOf(2005)).not.toContain(goes);
  });
});
