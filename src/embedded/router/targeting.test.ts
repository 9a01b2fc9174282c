import { type Document, serialize } from 'bson';
import { describe, expect, test } from 'vitest';
import { ownerOf } from './routing-table.ts';
import { shardsFor } from './targeting.ts';
import { bsonValue, routeOver } from './test-route.ts';

/** Chunks up to 004, 008, 00c and the end; the first and the third on one shard. */
const route = routeOver(['004', '008', '00c'], ['a', 'b', 'a', 'c']);

function target(filter: Document, usesCollation = false): readonly string[] {
  return shardsFor(route, Buffer.from(serialize(filter)), 0, usesCollation);
}

describe('ownerOf', () => {
  test.each([
    ['', 'a'],
    ['003z', 'a'],
    ['004', 'b'],
    ['007', 'b'],
    ['008', 'a'],
    ['00c', 'c'],
    ['zz', 'c'],
    [5, 'a'],
    [true, 'c'],
  ])('%s belongs to %s: lower bounds are inclusive, upper ones exclusive', (key, shard) => {
    expect(ownerOf(route, bsonValue(key))).toBe(shard);
  });
});

describe('shardsFor', () => {
  test.each<[string, Document, readonly string[]]>([
    ['an equality', { _id: '005' }, ['b']],
    ['$eq among other conditions', { n: 1, _id: { $eq: '00d', $exists: true } }, ['c']],
    ['$in, each owner once', { _id: { $in: ['001', '002', '009', '00d'] } }, ['a', 'c']],
    ['an empty $in: somebody must say "nothing"', { _id: { $in: [] } }, ['a']],
    ['a range within a chunk', { _id: { $gte: '005', $lt: '006' } }, ['b']],
    ['a range over chunks', { _id: { $gt: '005', $lte: '009' } }, ['b', 'a']],
    ['a range without end', { _id: { $gte: '00c' } }, ['c']],
    ['a conjunction: its narrowest part', { $and: [{ n: 1 }, { _id: { $gte: '001' } }, { _id: '00d' }] }, ['c']],
    ['no condition on _id', { n: 1 }, ['a', 'b', 'c']],
    ['a pattern', { _id: /^005/ }, ['a', 'b', 'c']],
    ['a pattern within $in', { _id: { $in: ['005', /^00/] } }, ['a', 'b', 'c']],
    ['null, which also means missing', { _id: null }, ['a', 'b', 'c']],
    ['a negation', { _id: { $ne: '005' } }, ['a', 'b', 'c']],
    ['a disjunction: all that its parts can match', { $or: [{ _id: '005' }, { _id: { $gte: '00c' } }] }, ['b', 'c']],
    ['a disjunction with a part that may be anywhere', { $or: [{ _id: '005' }, { n: 1 }] }, ['b', 'a', 'c']],
    ['an exclusive end at a chunk’s first key', { _id: { $gte: '004', $lt: '008' } }, ['b']],
    ['an impossible range still asks somebody', { _id: { $gte: '00d', $lt: '001' } }, ['c']],
  ])('%s', (_, filter, shards) => {
    expect(target(filter)).toEqual(shards);
  });

  test('with a collation strings are not compared by their bytes, so everybody is asked', () => {
    expect(target({ _id: '005' }, true)).toEqual(['a', 'b', 'c']);
  });
});
