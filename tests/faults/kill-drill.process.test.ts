/**
 * Four shards of three members, each shard's primary killed in turn under a steady load of reads and writes.
 *
 * `FAULT_KILLS` (default 8) says how many; the seed of the pauses is printed, `FAULT_SEED` repeats them. What is allowed
 * grows with the machine's load, since elections are a matter of time; what was measured is printed.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.ts';
import { createRandom, seedFrom } from '../support/random.ts';
import { describeSets, processAt, type SetOfMembers } from './members.ts';
import { presentOf, type ShardBook, type ShardLoad, sizeOf, startLoad, type WrittenUnit } from './shard-load.ts';

const SHARDS = 4;
const MEMBERS = 3;
/** Writes of a shard wait, or are refused, for no longer than this, on a machine with time to spare. */
const LONGEST_GAP_MS = 5_000;
const READS_SLOWER_AT_MOST = 2;
/** Below this a ratio of waiting times says more about the scheduler than about us. */
const SMALLEST_P95_MS = 10;
const BEFORE_MS = 2_500;
const READ_BACK_AT_ONCE = 8;

const kills = Number(process.env.FAULT_KILLS ?? 8);
const seed = seedFrom('FAULT_SEED');
let dataDir: string;
let gateway: GatewayProcess;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'meridian-kills-'));
  gateway = await startGatewayProcess({ dataDir, args: ['--shards', String(SHARDS), '--members', String(MEMBERS)] });
}, 180_000);

afterAll(async () => {
  await gateway?.end('SIGTERM');
  await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
}, 60_000);

interface Kill {
  readonly shard: number;
  readonly at: number;
  /** When writes to the shard were acknowledged again. */
  readonly until: number;
}

/** How much slower than an idle machine this one may be: what waits for each processor, up to 4. */
const slack = () => Math.min(4, Math.max(1, (loadavg()[0] ?? 0) / availableParallelism()));

async function settled(): Promise<readonly SetOfMembers[]> {
  for (let n = 0; n < 240; n++, await sleep(250)) {
    const sets = await describeSets(gateway);
    if (sets.every((set) => set.primary && set.ableMembers === MEMBERS)) return sets;
  }
  throw new Error('the replica sets do not become whole again');
}

/** Kills the primary and waits until a write to the shard, begun after it, is acknowledged again. */
async function kill(shard: number, book: ShardBook, sets: readonly SetOfMembers[]): Promise<Kill> {
  const { primary } = sets.find(({ name }) => name === `shard_${shard}`) as SetOfMembers;
  const at = performance.now();
  process.kill(processAt(primary as string, dataDir), 'SIGKILL');
  // Whoever is on the way may still be answered; after a second nobody is who did not find the new primary.
  await sleep(1_000);
  const already = book.acknowledgedAt.length;
  while (book.acknowledgedAt.length === already) {
    if (performance.now() - at > 60_000) throw new Error(`shard ${shard} takes no writes`);
    await sleep(20);
  }
  return { shard, at, until: book.acknowledgedAt[already] as number };
}

/** The longest time without an acknowledged write around each refusal. */
function gapsOf({ acknowledgedAt, refusedAt }: ShardBook): { readonly from: number; readonly to: number }[] {
  const gaps = new Map<number, number>();
  for (const refused of refusedAt) {
    const from = acknowledgedAt.findLast((at) => at < refused) ?? refused;
    gaps.set(from, acknowledgedAt.find((at) => at > refused) ?? refused);
  }
  return [...gaps].map(([from, to]) => ({ from, to }));
}

function p95(times: readonly number[]): number {
  const ascending = [...times].sort((a, b) => a - b);
  return ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * 0.95))] ?? 0;
}

function readsOfOthers({ books }: ShardLoad, shard: number, from: number, to: number): number[] {
  return books
    .filter((book) => book.shard !== shard)
    .flatMap(({ reads }) => reads)
    .filter(({ at, ms }) => at + ms >= from && at <= to)
    .map(({ ms }) => ms);
}

async function forEach<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const left = [...items];
  await Promise.all(
    Array.from({ length: READ_BACK_AT_ONCE }, async () => {
      for (let item = left.pop(); item !== undefined; item = left.pop()) await work(item);
    }),
  );
}

/** Units that are lost though acknowledged, or there in part, in words. */
async function damagedAmong(units: readonly WrittenUnit[]): Promise<string[]> {
  const damaged: string[] = [];
  await forEach(units, async (unit) => {
    const [present, size] = [await presentOf(gateway, unit), sizeOf(unit)];
    const isSound = present === size || (present === 0 && !unit.isAcknowledged);
    const word = unit.isAcknowledged ? 'acknowledged' : 'not acknowledged';
    if (!isSound) damaged.push(`${unit.patient} on shard ${unit.shard}, ${word}: ${present} of ${size}`);
  });
  return damaged;
}

describe('the primary of each shard killed in turn under load', () => {
  test(`${kills} kills lose nothing, and trouble that shard alone (seed ${seed})`, { timeout: 90_000 + kills * 40_000 }, async () => {
    const random = createRandom(seed);
    const load = await startLoad(gateway, SHARDS);
    const say = (line: string) => process.stdout.write(`${line}\n`);
    const [before, during]: [number[], number[]] = [[], []];
    let longestWaitMs = 0;
    let allowed = 1;
    /** Terms of the sets at instants: a refusal is right only where one rises. */
    const terms: { readonly at: number; readonly byShard: readonly number[] }[] = [];
    const noteTerms = (sets: readonly SetOfMembers[]) => {
      const termOf = (shard: number) => sets.find(({ name }) => name === `shard_${shard}`)?.term ?? 0;
      terms.push({ at: performance.now(), byShard: load.books.map(({ shard }) => termOf(shard)) });
    };
    try {
      for (let n = 0; n < kills; n++) {
        const sets = await settled();
        noteTerms(sets);
        await sleep(BEFORE_MS + random.below(500));
        const book = load.books[n % SHARDS] as ShardBook;
        const { shard, at, until } = await kill(book.shard, book, await describeSets(gateway));
        allowed = Math.max(allowed, slack());
        longestWaitMs = Math.max(longestWaitMs, until - at);
        const [calm, troubled] = [readsOfOthers(load, shard, at - BEFORE_MS, at), readsOfOthers(load, shard, at, until)];
        before.push(...calm);
        during.push(...troubled);
        const reads = `reads of other shards p95 ${p95(calm).toFixed(1)} → ${p95(troubled).toFixed(1)} ms (${troubled.length})`;
        say(`kill ${n + 1}, shard_${shard}: writes again after ${Math.round(until - at)} ms; ${reads}; load ${loadavg()[0]?.toFixed(1)}`);
      }
      noteTerms(await settled());
    } finally {
      await load.stop();
    }

    const acknowledged = load.units.filter(({ isAcknowledged }) => isAcknowledged).length;
    const damaged = await damagedAmong(load.units);
    const gaps = load.books.flatMap((book) => gapsOf(book).map((gap) => ({ shard: book.shard, ...gap })));
    const longestMs = Math.max(0, ...gaps.map(({ from, to }) => to - from));
    const refused = load.units.length - acknowledged;
    say(
      `${acknowledged} writes acknowledged, ${refused} refused, ${damaged.length} lost or torn; longest refusal ${Math.round(longestMs)} ms`,
    );
    say(`reads of other shards: p95 ${p95(before).toFixed(1)} ms before, ${p95(during).toFixed(1)} ms while a shard had no primary`);

    expect(load.faults).toEqual([]);
    expect(damaged).toEqual([]);
    expect(acknowledged).toBeGreaterThan(kills * 10);
    expect(Math.max(longestMs, longestWaitMs)).toBeLessThanOrEqual(LONGEST_GAP_MS * allowed);
    expect(p95(during)).toBeLessThanOrEqual(READS_SLOWER_AT_MOST * allowed * Math.max(p95(before), SMALLEST_P95_MS));
    for (const { shard, from, to } of gaps) {
      const earlier = terms.findLast(({ at }) => at < from);
      const later = terms.find(({ at }) => at > to);
      const hadElection = (later?.byShard[shard] ?? 0) > (earlier?.byShard[shard] ?? 0);
      expect(hadElection || !earlier || !later, `shard_${shard} refused writes and had no election`).toBe(true);
    }
  });
});
