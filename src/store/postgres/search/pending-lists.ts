/**
 * The indexes of search entries take what is new into a list of their own, 64 kB at most, which every search reads whole
 * until it is merged. Writes merge a list that is full; what is left when they cease is merged here.
 * @see https://www.postgresql.org/docs/current/gin.html#GIN-FAST-UPDATE
 */
import type { Pool } from 'pg';
import { startRounds } from '../../../lifecycle/rounds.ts';
import { tableOf } from '../business-date.ts';

export interface PendingLists {
  /** Remembers the resource types of which entries were added. */
  note(types: readonly string[]): void;
  /** Merges the lists of what was noted since the last time. Gives how many pages they had. */
  merge(): Promise<number>;
  /** Merges no more, once the merge under way has ended. */
  stop(): Promise<void>;
}

const MERGE_EVERY_MS = 2_000;

/** `log` is told once when the database does not let us: only the owner of an index may. */
export function keepPendingListsShort(pool: Pool, log: (message: string) => void): PendingLists {
  const noted = new Set<string>();
  let isTold = false;

  async function merge(): Promise<number> {
    const types = [...noted];
    if (types.length === 0) return 0;
    noted.clear();
    try {
      const { rows } = await pool.query<{ pages: number }>(MERGE, [types.map((type) => `${tableOf(type).table}_s`)]);
      return rows[0]?.pages ?? 0;
    } catch (error) {
      for (const type of types) noted.add(type);
      throw error;
    }
  }

  function problem(error: unknown): void {
    if (isTold) return;
    isTold = true;
    log(`new search entries could not be merged into their indexes: ${error instanceof Error ? error.message : error}`);
  }

  const rounds = startRounds(merge, { everyMs: MERGE_EVERY_MS, firstAfterMs: MERGE_EVERY_MS, problem });
  return {
    note(types) {
      for (const type of types) noted.add(type);
    },
    merge,
    stop: () => rounds.stop(),
  };
}

/** The index of each partition. */
const MERGE = `SELECT coalesce(sum(gin_clean_pending_list(part.relid)), 0)::float8 AS pages
  FROM unnest($1::text[]) AS index (name), pg_partition_tree(index.name::regclass) AS part WHERE part.isleaf`;
