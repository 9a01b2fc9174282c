/** Whether `history` and `resources` have the same ranges on the same shards, as the migrations lay them out. */
import type { Document } from 'mongodb';
import type { MongoCollections } from './client.ts';

const LOOK_EVERY_MS = 5_000;

export interface CoLocation {
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

async function compareRanges({ client, databaseName }: MongoCollections): Promise<boolean> {
  const hello = await client.db('admin').command({ hello: 1 });
  if (hello.msg !== 'isdbgrid') return true;
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
