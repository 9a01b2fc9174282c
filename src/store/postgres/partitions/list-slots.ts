import type { ClientBase, Pool } from 'pg';
import type { PartitionedTable } from '../business-date.ts';
import type { Slot } from './slots.ts';

/** The partitions of a table that the database has now, oldest first, without the default. */
export async function listSlots(client: ClientBase | Pool, { table }: PartitionedTable): Promise<Slot[]> {
  const { rows } = await client.query<{ name: string; bound: string }>(
    `SELECT c.relname AS name, pg_get_expr(c.relpartbound, c.oid) AS bound
     FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = to_regclass($1) AND pg_get_expr(c.relpartbound, c.oid) <> 'DEFAULT'`,
    [table],
  );
  return rows.map(slotFrom).sort((a, b) => a.from - b.from);
}

/** `FOR VALUES FROM ('2024-01-01 00:00:00+00') TO ('2025-01-01 00:00:00+00')`. */
function slotFrom({ name, bound }: { name: string; bound: string }): Slot {
  const [from, to] = [...bound.matchAll(/'([^']+)'/g)].map(([, text]) =>
    Date.parse(text?.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00') ?? ''),
  );
  if (from === undefined || to === undefined || Number.isNaN(from + to))
    throw new Error(`partition ${name} has bounds that can't be read: ${bound}`);
  return { partition: name, from, to };
}
