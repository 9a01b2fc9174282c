/** Which years are archived, and how far each has come. */
import type { ClientBase, Pool } from 'pg';
import type { ArchiveDescription, ArchiveState } from '../../administration.ts';
import type { AdministrativeTable } from '../business-date.ts';
import { instantLiteral, type Slot } from '../partitions/slots.ts';

/** True for a head `alias` whose row lies in an archived year. */
export const isArchived = (alias: string) =>
  `EXISTS (SELECT FROM partition_archive a WHERE a.type = ${alias}.type AND ${alias}.business_at >= a.starts_at AND ${alias}.business_at < a.ends_at)`;

export interface ArchiveEntry extends ArchiveDescription {
  /** What each line of the file holds, in this order. */
  readonly columns: readonly string[];
}

const COLUMNS = `partition, type, state, detached_at AS "detachedAt", coalesce(columns, '{}') AS columns, rows::float8 AS rows, sha256, file`;

interface Row {
  readonly partition: string;
  readonly type: string;
  readonly state: ArchiveState;
  readonly detachedAt: Date;
  readonly columns: readonly string[];
  readonly rows: number | null;
  readonly sha256: string | null;
  readonly file: string | null;
}

export async function listArchives(client: Pool | ClientBase): Promise<readonly ArchiveEntry[]> {
  const { rows } = await client.query<Row>(`SELECT ${COLUMNS} FROM partition_archive ORDER BY type, starts_at`);
  return rows.map(entryFrom);
}

export async function findArchive(client: Pool | ClientBase, partition: string): Promise<ArchiveEntry | undefined> {
  const { rows } = await client.query<Row>(`SELECT ${COLUMNS} FROM partition_archive WHERE partition = $1`, [partition]);
  return rows[0] && entryFrom(rows[0]);
}

function entryFrom({ rows, sha256, file, ...row }: Row): ArchiveEntry {
  return { ...row, ...(rows !== null && { rows }), ...(sha256 !== null && { sha256 }), ...(file !== null && { file }) };
}

/** Notes that a year is detached; part of the transaction that does it. */
export async function noteDetached(client: ClientBase, { type }: AdministrativeTable, { partition, from, to }: Slot): Promise<void> {
  await client.query(
    `INSERT INTO partition_archive (partition, type, starts_at, ends_at, state) VALUES ($1, $2, ${instantLiteral(from)}, ${instantLiteral(to)}, 'detached')`,
    [partition, type],
  );
}

/** What an export that was verified came to. */
interface Exported {
  readonly columns: readonly string[];
  readonly rows: number;
  readonly sha256: string;
  readonly file: string;
}

/** @param state `dropped` for a file that was written anew when there was nothing but it */
export async function noteExported(
  client: ClientBase,
  partition: string,
  { columns, rows, sha256, file }: Exported,
  state: 'exported' | 'dropped' = 'exported',
): Promise<void> {
  await client.query(`UPDATE partition_archive SET state = $6, columns = $2, rows = $3, sha256 = $4, file = $5 WHERE partition = $1`, [
    partition,
    columns,
    rows,
    sha256,
    file,
    state,
  ]);
}

/** The archives that hold these resources of one type, by id; the head rows stay when a year goes. */
export async function archivesHolding(pool: Pool | ClientBase, type: string, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const { rows } = await pool.query<{ id: string; partition: string }>(
    `SELECT h.id, a.partition FROM resource_head h
     JOIN partition_archive a ON a.type = h.type AND h.business_at >= a.starts_at AND h.business_at < a.ends_at
     WHERE h.type = $1 AND h.id = ANY ($2) AND NOT h.deleted`,
    [type, ids],
  );
  return new Map(rows.map(({ id, partition }) => [id, partition]));
}
