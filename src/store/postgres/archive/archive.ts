/**
 * Archiving a year: detach, export, verify; and, on a second call that names the checksum, drop. And the way back.
 *
 * Each step is committed before the next begins and may be repeated, so whatever was interrupted is finished by the same call.
 */
import type { ClientBase, Pool, PoolClient } from 'pg';
import { conflict, unavailable, unprocessable } from '../../../model/error.ts';
import type { ArchiveDescription } from '../../administration.ts';
import type { Renewal } from '../../reindex.ts';
import type { AdministrativeTable } from '../business-date.ts';
import { inTransaction } from '../connections/in-transaction.ts';
import { listSlots } from '../partitions/list-slots.ts';
import type { Slot } from '../partitions/slots.ts';
import { type ArchiveEntry, findArchive, noteExported } from './catalogue.ts';
import { detach, outside, putBack, restored } from './detach.ts';
import { digestOfFile, eachBunch, removeStale, writeArchive } from './file.ts';
import { columnsOf, type Digest, digestOf, eachLine, putLines } from './lines.ts';
import { renewRows } from './renew-rows.ts';

/** The slot of a year, whether or not it is there. */
export interface ArchiveTarget {
  readonly table: AdministrativeTable;
  readonly slot: Slot;
}

/**
 * Without `confirm`: detaches, exports and verifies. With `confirm`, the checksum that this gave: drops the rows, if the file still has it.
 * @throws FhirError 409 under way elsewhere or a wrong checksum, 422 no such partition, 503 table in use or file not as it was
 */
export function archivePartition(pool: Pool, folder: string, target: ArchiveTarget, confirm?: string): Promise<ArchiveDescription> {
  const { partition } = target.slot;
  return alone(pool, partition, async (client) => {
    const known = await findArchive(client, partition);
    if (confirm !== undefined) return drop(client, folder, partition, known, confirm);
    if (known?.state === 'dropped') return known;
    if (!known) {
      await checkThere(client, target);
      await detach(client, target.table, target.slot);
    }
    await exportRows(client, folder, partition);
    return found(await findArchive(client, partition));
  });
}

/**
 * Puts a year back, from the rows that are still there or from its file. Gives what was put back.
 * @param renewed brings each row into today's form
 * @throws as `archivePartition`
 */
export function restorePartition(pool: Pool, folder: string, target: ArchiveTarget, renewed?: Renewal): Promise<ArchiveDescription> {
  const { table, slot } = target;
  return alone(pool, slot.partition, async (client) => {
    const entry = await findArchive(client, slot.partition);
    if (!entry) throw unprocessable(`${slot.partition} is not archived`, 'year');
    // What is changed on the way must not be the rows that the checksum is of.
    const isCopied = entry.state === 'dropped' || renewed !== undefined;
    const from = isCopied ? await copyAside(client, folder, table, entry) : outside(slot.partition);
    const digest = await digestOf(client, from, await columnsIn(client, entry, from));
    if (entry.sha256 !== undefined) checkSame(digest, entry, `the rows of ${from}`);
    if (renewed) await renewRows(client, table, from, renewed);
    await putBack(client, table, slot, from);
    // What is erased from now on must not outlive it in a file.
    await removeStale(folder, slot.partition);
    return { ...entry, ...digest };
  });
}

/** One at a time for each partition, over all gateways. */
export async function alone<T>(pool: Pool, partition: string, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    const { rows } = await client.query<{ won: boolean }>('SELECT pg_try_advisory_lock(hashtext($1)) AS won', [`archive ${partition}`]);
    if (!rows[0]?.won) throw conflict(`${partition} is being archived or restored just now`);
    return await work(client);
  } finally {
    // The session ends too, but who comes next must not find the lock for as long as that takes.
    await client.query('SELECT pg_advisory_unlock_all()').catch(() => undefined);
    client.release(true);
  }
}

async function checkThere(client: PoolClient, { table, slot }: ArchiveTarget): Promise<void> {
  const slots = await listSlots(client, table);
  if (!slots.some(({ partition }) => partition === slot.partition)) throw unprocessable(`there is no partition ${slot.partition}`, 'year');
}

/** Writes the rows of a detached partition to a file, verifies it and notes it. */
export async function exportRows(client: ClientBase, folder: string, partition: string): Promise<void> {
  const source = outside(partition);
  const columns = await columnsOf(client, source);
  await noteExported(client, partition, { ...(await writeVerified(client, folder, partition, source, columns)), columns });
}

/** Writes the rows of a table to a file of the partition, and reads both again. @throws FhirError 503 when they differ */
export async function writeVerified(
  client: ClientBase,
  folder: string,
  partition: string,
  source: string,
  columns: readonly string[],
): ReturnType<typeof writeArchive> {
  const written = await writeArchive(folder, partition, (take) => eachLine(client, source, columns, take));
  checkSame(await digestOfFile(folder, written.file), written, written.file);
  checkSame(await digestOf(client, source, columns), written, `the rows of ${source}`);
  return written;
}

/** What the lines of an archive hold; of one that has no file yet, all of the table. */
export const columnsIn = async (client: ClientBase, { columns }: ArchiveEntry, table: string): Promise<readonly string[]> =>
  columns.length > 0 ? columns : columnsOf(client, table);

async function drop(
  client: PoolClient,
  folder: string,
  partition: string,
  entry: ArchiveEntry | undefined,
  confirm: string,
): Promise<ArchiveDescription> {
  if (!entry || entry.state === 'detached') throw conflict(`${partition} has not been exported: there is nothing to confirm`, 'confirm');
  if (entry.sha256 !== confirm) throw conflict(`${confirm} is not the checksum of ${partition}`, 'confirm');
  if (entry.state === 'dropped') return entry;
  checkSame(await digestOfFile(folder, entry.file ?? ''), entry, entry.file ?? '');
  await inTransaction(client, async () => {
    await client.query(`DROP TABLE ${outside(partition)}`);
    await client.query(`UPDATE partition_archive SET state = 'dropped' WHERE partition = $1`, [partition]);
  });
  return found(await findArchive(client, partition));
}

/** Puts what is archived, the rows or the file, into a table of its own, anew if an earlier try came to nothing. Gives its name. */
export async function copyAside(client: PoolClient, folder: string, { table }: AdministrativeTable, entry: ArchiveEntry): Promise<string> {
  const { partition, state, file = '', columns } = entry;
  if (state === 'dropped') checkSame(await digestOfFile(folder, file), entry, file);
  const place = restored(partition);
  await client.query(`DROP TABLE IF EXISTS ${place}`);
  await client.query(`CREATE TABLE ${place} (LIKE ${table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE INCLUDING INDEXES)`);
  if (state === 'dropped') await eachBunch(folder, file, (lines) => putLines(client, place, columns, lines));
  else await copyRows(client, outside(partition), place);
  await client.query(`ANALYZE ${place}`);
  return place;
}

async function copyRows(client: ClientBase, from: string, to: string): Promise<void> {
  const columns = (await columnsOf(client, from)).join(', ');
  await inTransaction(client, async () => {
    await client.query('SET LOCAL statement_timeout = 0');
    await client.query(`INSERT INTO ${to} (${columns}) SELECT ${columns} FROM ${from}`);
  });
}

/** @throws FhirError 503 when the digest is another, or there is none */
export function checkSame(digest: Digest | undefined, expected: Partial<Digest>, what: string): void {
  const problem = differenceTo(expected, digest, what);
  if (problem !== undefined) throw unavailable(problem);
}

/** What is wrong with a digest, in words; undefined if it is the one expected. */
export function differenceTo({ rows, sha256 }: Partial<Digest>, digest: Digest | undefined, what: string): string | undefined {
  if (!digest) return `the archive ${what} is not in this gateway's archive folder`;
  if (digest.rows === rows && digest.sha256 === sha256) return undefined;
  return `${what}: ${digest.rows} rows with SHA-256 ${digest.sha256}, where ${rows} with ${sha256} were exported`;
}

function found(entry: ArchiveEntry | undefined): ArchiveEntry {
  if (!entry) throw conflict('the archive has been restored meanwhile');
  return entry;
}
