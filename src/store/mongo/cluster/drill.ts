/** Elections on purpose, and a probe that tells what they cost: it writes scratch documents to the shard meanwhile. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ElectionReport } from '../../administration.ts';
import { DURABLE, type MongoCollections } from '../client.ts';
import { isDuplicateKey, isTimeout, isTransient } from '../errors.ts';
import { withShard } from './replicas.ts';
import { rangesOf, shardHosts } from './topology.ts';

const WRITERS = 4;
const BEFORE_MS = 500;
/** Writing has to go on for this long without a gap before the probe takes the election for over. */
const CALM_MS = 1_500;
const AT_MOST_MS = 12_000;
const PAUSE_MS = 10;

/**
 * Runs `action` while scratch documents are written to the shard through the cluster, as a gateway's writes are, and tells
 * what became of them. They lie in `ledger`, under the shard's own record keys, and are removed at the end.
 */
export async function probeElection(collections: MongoCollections, shard: string, action: () => Promise<void>): Promise<ElectionReport> {
  const { ledger } = collections;
  const prefix = `${await recordKeyOn(collections, shard)}/~drill/${randomUUID()}/`;
  const acknowledged: string[] = [];
  let retried = 0;
  let lastAt = performance.now();
  let gapMs = 0;
  let isOver = false;

  async function write(_id: string): Promise<void> {
    while (!isOver) {
      try {
        await ledger.insertOne({ _id, kind: 'drill', at: new Date() }, { writeConcern: DURABLE, maxTimeMS: 1_000 });
        return;
      } catch (error) {
        // An earlier try was carried out after all.
        if (isDuplicateKey(error)) return;
        if (!isTransient(error) && !isTimeout(error)) throw error;
        retried++;
        await sleep(20);
      }
    }
    throw new Error('not acknowledged before the end');
  }

  async function writer(number: number): Promise<void> {
    for (let n = 0; !isOver; n++) {
      const _id = `${prefix}${number}/${n}`;
      const isAcknowledged = await write(_id).then(
        () => true,
        () => false,
      );
      if (isAcknowledged) {
        acknowledged.push(_id);
        gapMs = Math.max(gapMs, performance.now() - lastAt);
        lastAt = performance.now();
      }
      await sleep(PAUSE_MS);
    }
  }

  const writers = Array.from({ length: WRITERS }, (_, number) => writer(number));
  const startedAt = performance.now();
  try {
    await sleep(BEFORE_MS);
    gapMs = 0;
    await action();
    const actedAt = performance.now();
    let calmSince = performance.now();
    while (performance.now() - startedAt < AT_MOST_MS && performance.now() - calmSince < CALM_MS) {
      await sleep(50);
      if (performance.now() - lastAt > 300 || lastAt < actedAt) calmSince = performance.now();
    }
  } finally {
    isOver = true;
    await Promise.allSettled(writers);
  }
  const withoutPrimaryMs = Math.round(Math.max(gapMs, performance.now() - lastAt));
  const report = { withoutPrimaryMs, acknowledged: acknowledged.length, retried };
  try {
    const found = await ledger.countDocuments({ _id: { $in: acknowledged } }, { readConcern: { level: 'majority' }, maxTimeMS: 2_000 });
    await ledger.deleteMany({ _id: { $gte: prefix, $lt: `${prefix}~` } }, { maxTimeMS: 2_000 });
    return { ...report, lost: acknowledged.length - found };
  } catch (error) {
    // There is still no primary. The documents go with the ledger's next sweep.
    if (isTransient(error) || isTimeout(error)) return report;
    throw error;
  }
}

/** A real `replSetStepDown`. @see https://www.mongodb.com/docs/manual/reference/command/replSetStepDown/ */
export async function stepDown(collections: MongoCollections, shard: string, seconds: number): Promise<void> {
  await onMember(collections, shard, undefined, { replSetStepDown: seconds, secondaryCatchUpPeriodSecs: Math.min(5, seconds - 1) });
}

/** Keeps a secondary from seeking election. @see https://www.mongodb.com/docs/manual/reference/command/replSetFreeze/ */
export async function freeze(collections: MongoCollections, shard: string, host: string, seconds: number): Promise<void> {
  await onMember(collections, shard, host, { replSetFreeze: seconds });
}

async function onMember(
  collections: MongoCollections,
  shard: string,
  host: string | undefined,
  command: Record<string, unknown>,
): Promise<void> {
  const hosts = (await shardHosts(collections)).get(shard) ?? [];
  const options = host === undefined ? { readPreference: 'primary' } : { directConnection: true, replicaSet: undefined };
  await withShard(
    collections.client,
    shard,
    host === undefined ? hosts : [host],
    async (client) => {
      const readPreference = host === undefined ? 'primary' : 'nearest';
      await client.db('admin').command(command, { readPreference });
    },
    options,
  ).catch((error: unknown) => {
    // A member that steps down may close the connection that told it to.
    if (!isTransient(error)) throw error;
  });
}

/** A record key in the middle of nowhere that the shard owns. */
async function recordKeyOn(collections: MongoCollections, shard: string): Promise<string> {
  const hello = await collections.client.db('admin').command({ hello: 1 });
  if (hello.msg !== 'isdbgrid') return '00';
  const range = (await rangesOf(collections)).find((each) => each.shard === shard);
  if (!range) throw new Error(`${shard} owns no range`);
  return range.min === 'MinKey' ? '00' : range.min;
}
