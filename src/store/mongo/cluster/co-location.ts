/** Whether `history` and `resources` have the same ranges on the same shards, as the migrations lay them out. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Document } from 'mongodb';
import { DURABLE, type MongoCollections } from '../client.ts';

const LOOK_EVERY_MS = 5_000;
/** In this time every gateway has looked. */
const ALL_KNOW_MS = LOOK_EVERY_MS + 2_000;
/** Ledger entries of moves under way. */
const MOVING = '00/~moving/';

interface CoLocation {
  /** False until it is known, and while it can't be told. */
  isCoLocated(): boolean;
  stop(): void;
}

/** Looks at once, and then every 5 s: a balancer moves the ranges of two collections apart. */
export function watchCoLocation(collections: MongoCollections): CoLocation {
  let isTogether = false;
  const look = async () => {
    isTogether = await compareRanges(collections).catch(() => false);
  };
  const timer = setInterval(look, LOOK_EVERY_MS).unref();
  void look();
  return { isCoLocated: () => isTogether, stop: () => clearInterval(timer) };
}

/**
 * Runs `move` when every gateway has stopped relying on the two being together: while it lasts, and after a crash until the
 * ledger is swept, the copies in the history are confirmed by a majority of their own.
 */
export async function apart<Result>({ ledger }: MongoCollections, move: () => Promise<Result>): Promise<Result> {
  const _id = `${MOVING}${randomUUID()}`;
  await ledger.insertOne({ _id, kind: 'moving', at: new Date() }, { writeConcern: DURABLE });
  try {
    await sleep(ALL_KNOW_MS);
    return await move();
  } finally {
    await ledger.deleteOne({ _id });
  }
}

async function compareRanges({ client, databaseName, ledger }: MongoCollections): Promise<boolean> {
  const hello = await client.db('admin').command({ hello: 1 });
  if (hello.msg !== 'isdbgrid') return true;
  if (await ledger.findOne({ _id: { $gte: MOVING, $lt: `${MOVING}~` } })) return false;
  const config = client.db('config');
  const layoutOf = async (name: string) => {
    const collection = await config.collection<{ _id: string; uuid: unknown }>('collections').findOne({ _id: `${databaseName}.${name}` });
    if (!collection) return undefined;
    const chunks = await config.collection('chunks').find({ uuid: collection.uuid }).sort({ min: 1 }).toArray();
    return JSON.stringify(startsByShard(chunks));
  };
  const [resources, history] = await Promise.all([layoutOf('resources'), layoutOf('history')]);
  return resources !== undefined && resources === history;
}

/** Where each shard's turn begins; neighbouring chunks of one shard count as one. */
function startsByShard(chunks: readonly Document[]): readonly (readonly [unknown, unknown])[] {
  return chunks.filter((chunk, index) => chunk.shard !== chunks[index - 1]?.shard).map(({ shard, min }) => [shard, min._id] as const);
}
