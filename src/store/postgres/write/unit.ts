/** Units of several writes, or of writes with guards: one SQL transaction. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';
import { keyText } from '../../../model/resource.ts';
import { CommitRefused, type Idempotency, type UnitOfWork, type Write } from '../../store.ts';
import { type AdministrativeTable, tableOf } from '../business-date.ts';
import { inTransactionOf } from '../connections/in-transaction.ts';
import { isConnectionLost, isInTheWay } from '../errors.ts';
import type { PartitionCatalogue } from '../partitions/catalogue.ts';
import type { NameStatement } from '../search/statement-names.ts';
import { checkGuards } from './guard.ts';
import { isOurs } from './is-ours.ts';
import { MAX_BYTES, MAX_ROWS } from './write-batch.ts';
import { datesOf, type RowWrites, sizeOf, writeRows } from './write-rows.ts';

const ATTEMPTS = 6;
const PAUSE_MS = 20;

/** Where units are written. */
interface UnitPlace {
  readonly pool: Pool;
  readonly partitions: PartitionCatalogue;
  /** Names for the statements that check guards. */
  readonly nameOf: NameStatement;
}

/** Commits the unit, all of it or nothing. @throws CommitRefused */
export async function commitUnit(place: UnitPlace, unit: UnitOfWork): Promise<void> {
  const [probe] = unit.writes;
  await tried(place, unit, {
    end: (client) => client.query('COMMIT'),
    isDone: async () => (probe !== undefined ? isOurs(place.pool, probe.draft) : false),
  });
}

/** Writes the unit and leaves it prepared under `gid`. @throws CommitRefused */
export async function prepareUnit(place: UnitPlace, gid: string, unit: UnitOfWork): Promise<void> {
  const name = `'${gid.replaceAll("'", "''")}'`;
  await tried(place, unit, {
    end: (client) => client.query(`PREPARE TRANSACTION ${name}`),
    isDone: async () =>
      ((await place.pool.query('SELECT FROM pg_prepared_xacts WHERE gid = $1 AND database = current_database()', [gid])).rowCount ?? 0) > 0,
  });
}

interface Ending {
  /** Ends the transaction. */
  readonly end: (client: PoolClient) => Promise<unknown>;
  /** After an answer was lost: was the transaction carried out? */
  readonly isDone: () => Promise<boolean>;
}

async function tried(place: UnitPlace, unit: UnitOfWork, ending: Ending): Promise<void> {
  const batches = batchesOf(unit.writes);
  await Promise.all(batches.map(({ table, writes }) => place.partitions.ensure(table, datesOf(table, writes))));
  let wasLost = false;
  for (let attempt = 1; ; attempt++) {
    try {
      if (wasLost && (await ending.isDone())) return;
      await attemptOnce(place, unit, batches, ending);
      return;
    } catch (error) {
      if (attempt === ATTEMPTS || !(isInTheWay(error) || isConnectionLost(error))) throw error;
      wasLost ||= isConnectionLost(error);
      await sleep(PAUSE_MS * attempt * (0.5 + Math.random()));
    }
  }
}

async function attemptOnce({ pool, nameOf }: UnitPlace, unit: UnitOfWork, batches: readonly RowWrites[], ending: Ending): Promise<void> {
  const write = async (client: PoolClient) => {
    await checkGuards(client, unit.guards ?? [], nameOf);
    if (unit.idempotency) await keep(client, unit.idempotency);
    for (const batch of batches) await writeAll(client, batch);
  };
  await inTransactionOf(pool, write, ending.end);
}

async function writeAll(client: PoolClient, batch: RowWrites): Promise<void> {
  const written = await writeRows(client, batch);
  const refused = batch.writes.find(({ draft }) => !written.has(draft.id));
  if (refused) throw new CommitRefused(batch.kind === 'create' ? 'exists' : 'version', { type: refused.draft.type, id: refused.draft.id });
}

async function keep(client: PoolClient, { key, bodyHash, answer }: Idempotency): Promise<void> {
  const kept = await client.query('INSERT INTO idempotency (key, body_hash, answer) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING', [
    key,
    bodyHash,
    answer,
  ]);
  if (kept.rowCount === 0) throw new CommitRefused('idempotency');
}

/** The writes by table and kind, in bounded batches; sorted, so that transactions lock rows in one order. */
function batchesOf(writes: readonly Write[]): RowWrites[] {
  const groups = new Map<string, { table: AdministrativeTable; kind: Write['kind']; writes: Write[] }>();
  for (const write of [...writes].sort((a, b) => (keyText(a.draft) < keyText(b.draft) ? -1 : 1))) {
    const name = `${write.draft.type} ${write.kind}`;
    const group = groups.get(name) ?? { table: tableOf(write.draft.type), kind: write.kind, writes: [] };
    groups.set(name, group);
    group.writes.push(write);
  }
  return [...groups.values()].flatMap((group) => bounded(group.writes).map((part) => ({ ...group, writes: part })));
}

function bounded(writes: readonly Write[]): Write[][] {
  const parts: Write[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const write of writes) {
    bytes += sizeOf(write);
    const last = parts.at(-1);
    if (last && last.length < MAX_ROWS && bytes <= MAX_BYTES) last.push(write);
    else {
      parts.push([write]);
      bytes = sizeOf(write);
    }
  }
  return parts;
}
