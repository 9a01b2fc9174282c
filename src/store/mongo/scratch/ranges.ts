/** Lays an empty scratch collection out over the shards. */
import { DEFAULT_ZONE } from '../../../model/record-key.ts';
import type { MongoCollections } from '../client.ts';

/**
 * Shards the collection into `count` equal ranges of the record keys, dealt to the shards in turn. One range lies wholly on
 * one shard, as a collection does that was never sharded.
 */
export async function layOut({ client }: MongoCollections, namespace: string, count: number, shards: readonly string[]): Promise<void> {
  const admin = client.db('admin');
  await admin.command({ enableSharding: namespace.slice(0, namespace.indexOf('.')) });
  await admin.command({ shardCollection: namespace, key: { _id: 1 } });
  const starts = rangeStarts(count);
  for (const _id of starts) await admin.command({ split: namespace, middle: { _id } });
  for (const [at, _id] of ['', ...starts].entries())
    await admin.command({ moveChunk: namespace, find: { _id }, to: shards[at % shards.length] });
}

/** Where each range but the first begins: the hash digits of record keys are spread evenly. */
function rangeStarts(count: number): readonly string[] {
  const digits = (share: number) =>
    Math.floor(share * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
  return Array.from({ length: count - 1 }, (_, at) => `${DEFAULT_ZONE}${digits((at + 1) / count)}`);
}
