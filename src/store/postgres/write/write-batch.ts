/** Single writes, batched: each caller its own result. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { createBatcher, type Outcome } from '../../batcher.ts';
import { CommitRefused, type Write } from '../../store.ts';
import { tableOf } from '../business-date.ts';
import { isBadValue, isConnectionLost, isInTheWay, translate } from '../errors.ts';
import type { PartitionCatalogue } from '../partitions/catalogue.ts';
import { isOurs } from './is-ours.ts';
import { datesOf, type RowWrites, sizeOf, writeRows } from './write-rows.ts';

/** Bounds of one statement. */
export const MAX_ROWS = 500;
export const MAX_BYTES = 8 * 1024 * 1024;
const ATTEMPTS = 6;
const PAUSE_MS = 50;

interface WriteBatcher {
  /** @throws CommitRefused `exists` or `version` */
  write(write: Write): Promise<void>;
}

/**
 * Writes that arrive while one is under way leave as one statement, for each type and kind. Two may be under way: one may be
 * waiting for a row that a prepared transaction holds.
 */
export function createWriteBatcher(pool: Pool, partitions: PartitionCatalogue): WriteBatcher {
  const batchers = new Map<string, (write: Write) => Promise<void>>();

  function batcherOf(type: string, kind: Write['kind']) {
    const name = `${kind} ${type}`;
    const existing = batchers.get(name);
    if (existing) return existing;
    const table = tableOf(type);
    const made = createBatcher<Write, void>({
      maxItems: MAX_ROWS,
      maxBytes: MAX_BYTES,
      sizeOf,
      maxInFlight: 2,
      run: async (writes) => {
        await partitions.ensure(table, datesOf(table, writes));
        return writeInRounds(pool, { table, kind, writes });
      },
    });
    batchers.set(name, made);
    return made;
  }

  return { write: (write) => batcherOf(write.draft.type, write.kind)(write) };
}

/** A second write to one resource waits for the round after the first. */
async function writeInRounds(pool: Pool, all: RowWrites): Promise<Outcome<void>[]> {
  const outcomes: Outcome<void>[] = new Array(all.writes.length);
  let waiting = [...all.writes.keys()];
  while (waiting.length > 0) {
    const [round, rest] = firstOfEach(all.writes, waiting);
    const writes = round.map((index) => all.writes[index] as Write);
    const done = await writeRound(pool, { ...all, writes });
    round.forEach((index, at) => {
      outcomes[index] = done[at] as Outcome<void>;
    });
    waiting = rest;
  }
  return outcomes;
}

/** Indexes sorted by id, so that batches lock rows in one order. */
function firstOfEach(writes: readonly Write[], indexes: readonly number[]): [number[], number[]] {
  const idAt = (index: number) => writes[index]?.draft.id ?? '';
  const seen = new Set<string>();
  const first: number[] = [];
  const rest: number[] = [];
  for (const index of indexes) {
    (seen.has(idAt(index)) ? rest : first).push(index);
    seen.add(idAt(index));
  }
  return [first.sort((a, b) => (idAt(a) < idAt(b) ? -1 : 1)), rest];
}

/** One statement; tried again when another transaction was in the way or the connection broke. */
async function writeRound(pool: Pool, batch: RowWrites): Promise<Outcome<void>[]> {
  let wasLost = false;
  for (let attempt = 1; ; attempt++) {
    try {
      const written = await writeRows(pool, batch);
      return await Promise.all(batch.writes.map((write) => outcomeOf(write, written, wasLost)));
    } catch (error) {
      if (isBadValue(error)) return batch.writes.length > 1 ? oneByOne(pool, batch) : [{ error: translate(error) as Error }];
      if (attempt === ATTEMPTS || !(isInTheWay(error) || isConnectionLost(error))) throw translate(error);
      wasLost ||= isConnectionLost(error);
      await sleep(PAUSE_MS * attempt * (0.5 + Math.random()));
    }
  }

  /** A statement whose answer was lost may have been carried out: then the "refusal" is our own first attempt. */
  async function outcomeOf(write: Write, written: ReadonlySet<string>, wasAnswerLost: boolean): Promise<Outcome<void>> {
    if (written.has(write.draft.id) || (wasAnswerLost && (await isOurs(pool, write.draft)))) return { ok: undefined };
    return { error: new CommitRefused(write.kind === 'create' ? 'exists' : 'version', { type: write.draft.type, id: write.draft.id }) };
  }
}

/** A value that PostgreSQL can't take fails its own caller only. */
async function oneByOne(pool: Pool, batch: RowWrites): Promise<Outcome<void>[]> {
  const outcomes: Outcome<void>[] = [];
  for (const write of batch.writes) outcomes.push(...(await writeRound(pool, { ...batch, writes: [write] })));
  return outcomes;
}
