/**
 * Erasing resources that lie in archived years. The rows go from the detached table, and the file is written anew without
 * them, with a checksum of its own; files that it replaces are removed. Copies that somebody took elsewhere are out of reach.
 */
import type { ClientBase, Pool } from 'pg';
import { unavailable } from '../../../model/error.ts';
import { keyText, type ResourceVersion } from '../../../model/resource.ts';
import { alone, checkSame, exportRows } from './archive.ts';
import { type ArchiveEntry, archivesHolding, findArchive, noteExported } from './catalogue.ts';
import { outside } from './detach.ts';
import { digestOfFile, eachBunch, removeStale, writeArchive } from './file.ts';
import { columnsOf } from './lines.ts';

interface ArchiveErasure {
  /** Current versions in archived years that lie, or once lay, under the record key. @throws FhirError 503 for a file that is not here */
  lyingIn(rk: string): Promise<readonly ResourceVersion[]>;
  /** Erases those of the resources that lie in archived years, with all that leads to them. Gives their ids. Safe to repeat. */
  erase(type: string, ids: readonly string[]): Promise<ReadonlySet<string>>;
}

interface Held {
  readonly type: string;
  readonly id: string;
  readonly partition: string;
}

/** @param folder of archived years; without one there can be none but by another gateway */
export function createArchiveErasure(pool: Pool, folder = ''): ArchiveErasure {
  return {
    async lyingIn(rk) {
      const { rows } = await pool.query<Held>(HELD, [rk]);
      const found: ResourceVersion[] = [];
      for (const [partition, held] of Map.groupBy(rows, (row) => row.partition)) {
        found.push(...(await alone(pool, partition, (client) => contentsOf(client, folder, partition, held))));
      }
      return found;
    },
    async erase(type, ids) {
      const archives = await archivesHolding(pool, type, ids);
      for (const [partition, held] of Map.groupBy(archives.entries(), ([, each]) => each)) {
        const gone = held.map(([id]) => id);
        await alone(pool, partition, async (client) => {
          await eraseFrom(client, folder, partition, new Set(gone));
          // Before anybody can restore the year: what leads to a row that is not there would lead nowhere for ever.
          await client.query('DELETE FROM resource_history WHERE type = $1 AND id = ANY ($2)', [type, gone]);
          await client.query('DELETE FROM resource_head WHERE type = $1 AND id = ANY ($2)', [type, gone]);
        });
      }
      return new Set(archives.keys());
    },
  };
}

const HELD = `SELECT h.type, h.id, a.partition FROM partition_archive a
  JOIN resource_head h ON h.type = a.type AND h.business_at >= a.starts_at AND h.business_at < a.ends_at
  WHERE NOT h.deleted AND (h.rk = $1 OR EXISTS (SELECT FROM resource_history p WHERE p.type = h.type AND p.id = h.id AND p.rk = $1))`;

async function eraseFrom(client: ClientBase, folder: string, partition: string, ids: ReadonlySet<string>): Promise<void> {
  const entry = await findArchive(client, partition);
  if (!entry) throw unavailable(`${partition} was restored meanwhile`);
  // The gateway that has the file must do it, or the old one would stay there.
  if (entry.state !== 'detached') checkSame(await digestOfFile(folder, entry.file ?? ''), entry, entry.file ?? '');
  if (entry.state === 'dropped') await rewriteFile(client, folder, entry, ids);
  else await client.query(`DELETE FROM ${outside(partition)} WHERE id = ANY ($1)`, [[...ids]]);
  if (entry.state === 'exported') await exportRows(client, folder, partition);
  const { file } = (await findArchive(client, partition)) ?? entry;
  if (entry.state !== 'detached') await removeStale(folder, partition, file);
}

async function rewriteFile(client: ClientBase, folder: string, entry: ArchiveEntry, ids: ReadonlySet<string>): Promise<void> {
  const { partition, file = '', columns } = entry;
  const written = await writeArchive(folder, partition, async (take) => {
    await eachBunch(folder, file, async (lines) => {
      const kept = lines.filter((line) => !ids.has(rowOf(line).id));
      if (kept.length > 0) await take(`${kept.join('\n')}\n`);
    });
  });
  checkSame(await digestOfFile(folder, written.file), written, written.file);
  await noteExported(client, partition, { ...written, columns }, 'dropped');
}

/** What of a line is needed to judge whose it is. */
interface ArchivedRow {
  readonly id: string;
  readonly rk: string;
  readonly version: number;
  readonly at: number;
  readonly raw: string;
  readonly by_client: string;
  readonly by_subject: string;
  readonly by_request: string;
  readonly method: ResourceVersion['method'];
}

const rowOf = (line: string) => JSON.parse(line) as ArchivedRow;

/** @throws FhirError 503 when the file is not in this gateway's folder or lacks one of them */
async function contentsOf(client: ClientBase, folder: string, partition: string, held: readonly Held[]): Promise<ResourceVersion[]> {
  const entry = await findArchive(client, partition);
  if (!entry) throw unavailable(`${partition} was restored meanwhile`);
  const wanted = new Set(held.map(({ id }) => id));
  const rows: ArchivedRow[] = [];
  const keep = (lines: readonly string[]) => rows.push(...lines.map(rowOf).filter(({ id }) => wanted.has(id)));
  if (entry.state === 'dropped') {
    const isThere = await eachBunch(folder, entry.file ?? '', keep);
    if (!isThere) throw unavailable(`the archive ${entry.file} is not in this gateway's archive folder`);
  } else keep(await linesOf(client, partition, [...wanted]));
  const missing = held.find(({ id }) => !rows.some((row) => row.id === id));
  if (missing) throw unavailable(`the archive ${partition} does not hold ${keyText(missing)}`);
  return rows.map((row) => versionOf(entry.type, row));
}

async function linesOf(client: ClientBase, partition: string, ids: readonly string[]): Promise<readonly string[]> {
  const columns = await columnsOf(client, outside(partition));
  const { rows } = await client.query<{ line: string }>(
    `SELECT row_to_json(x)::text AS line FROM (SELECT ${columns.join(', ')} FROM ${outside(partition)} WHERE id = ANY ($1)) x`,
    [ids],
  );
  return rows.map(({ line }) => line);
}

function versionOf(type: string, row: ArchivedRow): ResourceVersion {
  const { id, rk, version, at, raw, by_client: client, by_subject: subject, by_request: request, method } = row;
  return { type, id, rk, version, at, deleted: false, raw, by: { client, subject, request }, method };
}
