import { type Document, deserialize, serialize } from 'bson';
import { describe, expect, test } from 'vitest';
import { filtersByShard } from './filter-split.ts';
import { routeOver } from './test-route.ts';
import { type Element, findElement } from './wire/bson-bytes.ts';

const route = routeOver(['004', '008'], ['a', 'b', 'c']);

/** Each shard's filter, as it would be read there. */
function split(filter: Document): Record<string, Document> | undefined {
  const message = Buffer.from(serialize({ find: 'things', filter }));
  const parts = filtersByShard(message, findElement(message, 0, 'filter') as Element, route);
  // A document's bytes begin with its length, so the element is one as soon as it is in a document of its own.
  const read = (element: Buffer) => deserialize(Buffer.concat([lengthOf(element), element, Buffer.from([0])])).filter as Document;
  return parts && Object.fromEntries([...parts].map(([shard, element]) => [shard, read(element)]));
}

function lengthOf(element: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32LE(element.length + 5);
  return length;
}

describe('filtersByShard', () => {
  test('keys go to their owners', () => {
    expect(split({ n: 1, _id: { $in: ['001', '005', '002'] } })).toEqual({
      a: { n: 1, _id: { $in: ['001', '002'] } },
      b: { n: 1, _id: '005' },
    });
  });

  test('alternatives go where they can match, beside the other conditions', () => {
    const [first, second] = [{ _id: { $gte: '001', $lt: '002' }, n: 1 }, { $and: [{ _id: { $gte: '005', $lt: '006' } }, { n: 2 }] }];
    expect(split({ x: 1, $or: [first, second], y: 2 })).toEqual({ a: { x: 1, $or: [first], y: 2 }, b: { x: 1, $or: [second], y: 2 } });
  });

  test('an alternative that may match anywhere goes everywhere', () => {
    const [anywhere, here] = [{ n: 1 }, { _id: '009' }];
    expect(split({ $or: [here, anywhere] })).toEqual({ a: { $or: [anywhere] }, b: { $or: [anywhere] }, c: { $or: [here, anywhere] } });
  });

  test('any other filter stays whole', () => {
    expect(split({ _id: { $gte: '001' } })).toBeUndefined();
    expect(split({ $and: [{ $or: [{ _id: '001' }] }] })).toBeUndefined();
  });
});
