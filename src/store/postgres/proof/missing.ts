/** Which versions of a commit's administrative half are not there. */
import type { Pool } from 'pg';
import { textArray } from '../binary.ts';

/** Of versions (`<record key>/<Type>/<id>/<version>`), those that neither are current nor were before a later one. */
export async function missingAmong(pool: Pool, versions: readonly string[]): Promise<readonly string[]> {
  const parts = versions.map((name) => name.split('/'));
  const column = (index: number) => textArray(parts.map((each) => each[index] ?? ''));
  const { rows } = await pool.query<{ name: string }>({
    text: `SELECT w.name FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS w (name, type, id, version)
           LEFT JOIN resource_head h ON h.type = w.type AND h.id = w.id
           WHERE h.version IS NULL OR h.version < w.version::integer`,
    values: [textArray(versions), column(1), column(2), column(3)],
  });
  return rows.map(({ name }) => name);
}
