import { type Document, deserialize, serialize } from 'bson';
import { describe, expect, test } from 'vitest';
import { MergedCursor, type Source } from './merged-cursor.ts';

interface Shard {
  readonly batches: Document[][];
}

/** Sources whose further batches come when fetched. */
function sourcesOf(shards: readonly Shard[]): { sources: Source[]; fetch: (source: Source) => Promise<void>; fetches: string[] } {
  const fetches: string[] = [];
  const left = new Map<string, Buffer[][]>();
  const sources = shards.map(({ batches }, index): Source => {
    const [first = [], ...rest] = batches.map((batch) => batch.map((document) => Buffer.from(serialize(document))));
    left.set(`shard_${index}`, rest);
    return { shard: `shard_${index}`, address: '', id: rest.length > 0 ? 1n : 0n, documents: first };
  });
  const fetch = async (source: Source) => {
    fetches.push(source.shard);
    const rest = left.get(source.shard) ?? [];
    source.documents = rest.shift() ?? [];
    if (rest.length === 0) source.id = 0n;
  };
  return { sources, fetch, fetches };
}

async function drain(cursor: MergedCursor, count: number, fetch: (source: Source) => Promise<void>): Promise<Document[]> {
  const all: Document[] = [];
  while (!cursor.isDone) all.push(...(await cursor.next(count, fetch)).map((bytes) => deserialize(bytes)));
  return all;
}

const keyed = (...values: number[]) => values.map((n) => ({ n, $sortKey: [n] }));
const options = { namespace: 'd.c', skip: 0, limit: 0 };

describe('with an order', () => {
  const shards = [{ batches: [keyed(1, 5), keyed(6, 9)] }, { batches: [keyed(2, 3, 4)] }, { batches: [[], keyed(0, 7)] }];

  test.each([1, 2, 3, 100])('merges by sort key in batches of %i, and takes the key out', async (count) => {
    const { sources, fetch } = sourcesOf(shards);
    const documents = await drain(new MergedCursor(sources, { ...options, directions: [1] }), count, fetch);
    expect(documents).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 9].map((n) => ({ n })));
  });

  test('descending, with skip and limit over all shards', async () => {
    const { sources, fetch } = sourcesOf([{ batches: [keyed(9, 6, 1)] }, { batches: [keyed(8, 7)] }]);
    const cursor = new MergedCursor(sources, { ...options, directions: [-1], skip: 1, limit: 3 });
    expect(await drain(cursor, 100, fetch)).toEqual([{ n: 8 }, { n: 7 }, { n: 6 }]);
  });

  test('the second field decides between equals, in its own direction', async () => {
    const rows = (...pairs: [number, string][]) => pairs.map(([n, s]) => ({ s, $sortKey: [n, s] }));
    const { sources, fetch } = sourcesOf([{ batches: [rows([1, 'c'], [1, 'a'])] }, { batches: [rows([1, 'b'], [2, 'z'])] }]);
    const cursor = new MergedCursor(sources, { ...options, directions: [1, -1] });
    expect((await drain(cursor, 100, fetch)).map(({ s }) => s)).toEqual(['c', 'b', 'a', 'z']);
  });
});

describe('without an order', () => {
  test('hands out what is there before it fetches more', async () => {
    const { sources, fetch, fetches } = sourcesOf([{ batches: [[{ n: 1 }], [{ n: 2 }]] }, { batches: [[{ n: 3 }]] }]);
    const cursor = new MergedCursor(sources, { ...options, directions: undefined });
    expect(await cursor.next(10, fetch)).toHaveLength(2);
    expect(fetches).toEqual([]);
    expect(await cursor.next(10, fetch)).toHaveLength(1);
    expect(cursor.isDone).toBe(true);
  });

  test('a limit ends it, whatever the shards still have', async () => {
    const { sources, fetch } = sourcesOf([{ batches: [[{ n: 1 }, { n: 2 }], [{ n: 3 }]] }]);
    const cursor = new MergedCursor(sources, { ...options, directions: undefined, limit: 2 });
    expect(await cursor.next(10, fetch)).toHaveLength(2);
    expect(cursor.isDone).toBe(true);
  });

  test('a batch stays within 16 MB', async () => {
    const big = { text: 'x'.repeat(6_000_000) };
    const { sources, fetch } = sourcesOf([{ batches: [[big, big]] }, { batches: [[big, big]] }]);
    const cursor = new MergedCursor(sources, { ...options, directions: undefined });
    expect(await cursor.next(10, fetch)).toHaveLength(2);
    expect(await cursor.next(10, fetch)).toHaveLength(2);
    expect(cursor.isDone).toBe(true);
  });
});
