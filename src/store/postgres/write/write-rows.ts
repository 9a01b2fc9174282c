import type { ClientBase, Pool } from 'pg';
import type { Write } from '../../store.ts';
import type { AdministrativeTable } from '../business-date.ts';
import { placed } from '../row.ts';
import { createRows } from './create.ts';
import { replaceRows } from './replace.ts';

/** Writes of one kind to one table, for one statement. No two name the same resource. */
export interface RowWrites {
  readonly table: AdministrativeTable;
  readonly kind: Write['kind'];
  readonly writes: readonly Write[];
}

/** Carries the writes out. @returns the ids whose precondition held; nothing was written for the others */
export function writeRows(client: ClientBase | Pool, { table, kind, writes }: RowWrites): Promise<ReadonlySet<string>> {
  if (kind === 'create') {
    return createRows(
      client,
      table,
      writes.map(({ draft }) => placed(table, draft)),
    );
  }
  const replacements = writes.map((write) => ({
    row: placed(table, write.draft),
    previous: write.kind === 'replace' ? write.previous.version : 0,
  }));
  return replaceRows(client, table, replacements);
}

/** The business dates that the writes need partitions for; a deletion needs none. */
export function datesOf(table: AdministrativeTable, writes: readonly Write[]): number[] {
  return writes.filter(({ draft }) => !draft.deleted).map(({ draft }) => placed(table, draft).businessAt);
}

/** About how many bytes a write takes in a statement. */
export function sizeOf({ draft }: Write): number {
  return draft.raw.length + 1_000;
}
