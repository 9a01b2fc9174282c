/** A year that is archived and comes back: nothing is lost, other years never notice. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, describe, expect, test } from 'vitest';
import { openArchive } from '../../../../tests/support/archive.ts';
import { create, createScene, replace, save } from '../../contract/scene.ts';

const { databaseUrl, archiveDir, store, archive, restore, close } = await openArchive();
const types = { a: 'Encounter', b: 'Claim' };
const pool = new pg.Pool({ connectionString: databaseUrl, max: 2 });
afterAll(async () => {
  await pool.end();
  await close();
});

const on = (year: number, day = 1) => [{ k: 'date', lo: Date.UTC(year, 5, day), hi: Date.UTC(year, 5, day, 12) }];
const rowsOf = async (table: string) =>
  (await pool.query<{ row: string }>(`SELECT row_to_json(e)::text AS row FROM ${table} e ORDER BY rk, id`)).rows.map(({ row }) => row);

/** Rows with whatever could be lost on the way: line separators, quotes, backslashes, lone escapes, open ends. */
async function fill(year: number, count: number) {
  const scene = createScene(types);
  const drafts = Array.from({ length: count }, (_, n) =>
    scene.draft({
      raw: `{"resourceType":"Encounter","n":${n},"text":"\u2028 \\ud800 \\" \\\\ \u00e9 \u{1f600} \\n"}`,
      r: n % 3 === 0 ? [{ k: 'date', lo: Date.UTC(year, 1, 1), hi: 8.64e15 }] : on(year, (n % 28) + 1),
      s: [`class=x|${n}`],
      patients: [`p${n}`],
      o: { date: { min: n, max: n + 0.5 } } as never,
    }),
  );
  await Promise.all(drafts.map((draft) => store.commit({ writes: [create(draft)] })));
  return { scene, drafts };
}

describe('archiving a year', () => {
  test('exports, verifies, drops on the confirmed call, and restores every byte', { timeout: 60_000 }, async () => {
    const { scene, drafts } = await fill(1971, 250);
    const [first] = drafts;
    if (!first) throw new Error('no draft');
    const before = await rowsOf('encounter_y1971');
    const exported = await archive(1971);
    expect(exported).toMatchObject({ state: 'exported', partition: 'encounter_y1971', rows: 250 });
    const lines = (await readFile(join(archiveDir, exported.file ?? ''), 'utf8')).trimEnd().split('\n');
    expect(lines).toHaveLength(250);

    await expect(store.read(first)).rejects.toMatchObject({ status: 410, message: expect.stringContaining('encounter_y1971') });
    await expect(store.commit({ writes: [create(scene.draft({ r: on(1971) }))] })).rejects.toMatchObject({ status: 409 });
    await expect(archive(1971, 'f'.repeat(64))).rejects.toMatchObject({ status: 409 });
    expect(await archive(1971, exported.sha256)).toMatchObject({ state: 'dropped' });
    expect(await archive(1971, exported.sha256)).toMatchObject({ state: 'dropped' });
    expect((await pool.query(`SELECT to_regclass('encounter_y1971_archived') AS there`)).rows).toEqual([{ there: null }]);
    await expect(store.read(first)).rejects.toMatchObject({ status: 410 });
    expect(await store.administration.describeArchives()).toContainEqual(expect.objectContaining({ state: 'dropped', rows: 250 }));

    expect(await restore(1971)).toMatchObject({ rows: 250, sha256: exported.sha256 });
    expect(await rowsOf('encounter_y1971')).toEqual(before);
    expect((await store.read(first))?.raw).toBe(first.raw);
    expect(await store.count({ types: ['Encounter'], where: scene.mine() })).toBe(250);
    await store.commit({ writes: [await replace(store, scene.next(first, { r: on(1971) }))] });
    expect(await store.administration.describeArchives()).toEqual([]);
  });

  test('other years never notice: searches, reads and writes go on all the while', { timeout: 60_000 }, async () => {
    const { scene, drafts } = await fill(1981, 60);
    await fill(1980, 400);
    let isDone = false;
    let looks = 0;
    let slowestMs = 0;
    const wrong: unknown[] = [];
    const search = { types: [types.a], where: scene.mine(), sort: [{ parameter: '_identity', descending: false }], limit: 100 };
    const watch = async (look: () => Promise<boolean>) => {
      for (; !isDone; looks++) {
        const startedAt = performance.now();
        await look().then(
          (isRight) => isRight || wrong.push('a wrong answer'),
          (error) => wrong.push(error),
        );
        slowestMs = Math.max(slowestMs, performance.now() - startedAt);
      }
    };
    const [one] = drafts;
    if (!one) throw new Error('no draft');
    const other = createScene(types);
    const watchers = [
      watch(async () => (await store.search(search)).length === 60),
      watch(async () => (await store.count(search)) === 60),
      watch(async () => (await store.read(one))?.raw === one.raw),
      watch(async () => {
        await save(store, other.draft({ r: on(1982) }));
        return true;
      }),
    ];
    const { sha256 } = await archive(1980);
    await archive(1980, sha256);
    await restore(1980);
    isDone = true;
    await Promise.all(watchers);
    expect(wrong).toEqual([]);
    expect(looks).toBeGreaterThan(20);
    console.info(`${looks} looks beside an archiving, the slowest ${Math.round(slowestMs)} ms`);
  });

  test('is resumed where it stopped: detached only, exported only, half loaded', { timeout: 60_000 }, async () => {
    const { drafts } = await fill(1991, 30);
    const exported = await archive(1991);
    // As a crash between detaching and the end of the export leaves it.
    await pool.query(`UPDATE partition_archive SET state = 'detached', sha256 = NULL, rows = NULL, file = NULL, columns = NULL`);
    await writeFile(join(archiveDir, 'encounter_y1991.partial'), 'half a li');
    await expect(archive(1991, exported.sha256)).rejects.toMatchObject({ status: 409 });
    expect(await archive(1991)).toMatchObject({ state: 'exported', sha256: exported.sha256 });
    // Not dropped yet: the rows themselves come back.
    expect(await restore(1991)).toMatchObject({ rows: 30, sha256: exported.sha256 });
    expect(await archive(1991)).toMatchObject({ sha256: exported.sha256 });
    await archive(1991, exported.sha256);
    await pool.query('CREATE TABLE encounter_y1991_restored (half integer)');
    expect(await restore(1991)).toMatchObject({ rows: 30 });
    expect((await store.read(drafts[3] as never))?.raw).toBe(drafts[3]?.raw);
  });

  test('a file that was altered, or is gone, is found out: nothing is dropped, nothing restored', { timeout: 60_000 }, async () => {
    await fill(1995, 10);
    const { file = '', sha256 } = await archive(1995);
    const text = await readFile(join(archiveDir, file), 'utf8');
    await writeFile(join(archiveDir, file), text.replace('"n\\":3', '"n\\":4'));
    await expect(archive(1995, sha256)).rejects.toMatchObject({ status: 503, message: expect.stringContaining('SHA-256') });
    await writeFile(join(archiveDir, file), text);
    await archive(1995, sha256);
    await rm(join(archiveDir, file));
    await expect(restore(1995)).rejects.toMatchObject({ status: 503 });
    await writeFile(join(archiveDir, file), text);
    expect(await restore(1995)).toMatchObject({ rows: 10, sha256 });
  });

  test('history of the type leaves archived versions out, that of the resource says 410; a reindex passes them by', async () => {
    const { scene, drafts } = await fill(1997, 3);
    await archive(1997);
    const other = scene.draft({ r: on(1998) });
    await save(store, other);
    const page = await store.history({ types: ['Encounter'], since: scene.at(0), until: scene.at(99_000_000), limit: 10 });
    expect(page.map(({ id }) => id)).toContain(other.id);
    expect(page.map(({ id }) => id)).not.toContain(drafts[0]?.id);
    await expect(store.history({ types: ['Encounter'], id: drafts[0]?.id ?? '', limit: 9 })).rejects.toMatchObject({ status: 410 });
    const [part] = await store.reindexing.parts(['Encounter']);
    if (!part) throw new Error('no part');
    expect((await store.reindexing.page(part, undefined, 1_000)).versions.map(({ id }) => id)).toContain(other.id);
    await restore(1997);
  });

  test('a year that is not there can be neither archived nor restored; one can be added', async () => {
    await expect(archive(1899)).rejects.toMatchObject({ status: 422 });
    await expect(restore(1899)).rejects.toMatchObject({ status: 422 });
    const { administration } = store;
    expect(await administration.addPartition('Claim', 1899)).toEqual({ partition: 'claim_y1899', isNew: true });
    expect(await administration.addPartition('Claim', 1899)).toEqual({ partition: 'claim_y1899', isNew: false });
    expect(await administration.measurePartition('Claim', 1899)).toMatchObject({ isThere: true, rows: 0, waiting: 0 });
  });
});
