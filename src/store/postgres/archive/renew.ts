/**
 * Archived years in today's form, after a change of the encryption key.
 *
 * The rows are changed in a table beside, and written from there to a file beside, which is read again; then one transaction
 * makes both the archive. Before it the record has the old checksum and the old file is whole, after it the new ones.
 */
import type { Pool, PoolClient } from 'pg';
import type { ArchivedYears, Renewal, RenewedYear } from '../../reindex.ts';
import { tableOf } from '../business-date.ts';
import { inTransaction } from '../connections/in-transaction.ts';
import { translating } from '../errors.ts';
import { alone, checkSame, columnsIn, copyAside, differenceTo, writeVerified } from './archive.ts';
import { type ArchiveEntry, findArchive, listArchives, noteExported } from './catalogue.ts';
import { outside } from './detach.ts';
import { digestOfFile, removeStale } from './file.ts';
import { digestOf } from './lines.ts';
import { renewRows } from './renew-rows.ts';

/** @param folder of archived years; without one there can be none but by another gateway */
export function createArchivedYears(pool: Pool, folder = ''): ArchivedYears {
  return {
    list: () => translating(async () => (await listArchives(pool)).map(({ partition }) => partition)),
    renew: (partition, renewed, isStopping) =>
      translating(() => alone(pool, partition, (client) => renew(client, folder, partition, renewed, isStopping))),
  };
}

async function renew(
  client: PoolClient,
  folder: string,
  partition: string,
  renewed: Renewal,
  isStopping: () => boolean,
): Promise<RenewedYear> {
  const entry = await findArchive(client, partition);
  // It was restored meanwhile, in today's form.
  if (!entry) return { kind: 'renewed' };
  const { file = '', state } = entry;
  // The gateway that has the file must do it, or the old one would stay there.
  const problem = state === 'detached' ? undefined : differenceTo(entry, await digestOfFile(folder, file), file);
  if (problem !== undefined) return { kind: 'passed by', problem };
  const table = tableOf(entry.type);
  const place = await copyAside(client, folder, table, entry);
  const columns = await columnsIn(client, entry, place);
  if (state !== 'detached') checkSame(await digestOf(client, place, columns), entry, `the rows of ${partition}`);
  if (!(await renewRows(client, table, place, renewed, isStopping))) return { kind: 'stopped' };
  await putInPlace(client, folder, entry, place, columns);
  return { kind: 'renewed' };
}

/** Makes the rows of the table `place` what is archived. */
async function putInPlace(
  client: PoolClient,
  folder: string,
  entry: ArchiveEntry,
  place: string,
  columns: readonly string[],
): Promise<void> {
  const { partition, state } = entry;
  const written = state === 'detached' ? undefined : await writeVerified(client, folder, partition, place, columns);
  await inTransaction(client, async () => {
    await client.query(`DROP TABLE ${state === 'dropped' ? place : outside(partition)}`);
    if (state !== 'dropped') await client.query(`ALTER TABLE ${place} RENAME TO ${outside(partition)}`);
    if (written && state !== 'detached') await noteExported(client, partition, { ...written, columns }, state);
  });
  if (written) await removeStale(folder, partition, written.file);
}
