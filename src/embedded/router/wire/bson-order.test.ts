import { Binary, Decimal128, Double, Long, MaxKey, MinKey, ObjectId, Timestamp } from 'bson';
import { describe, expect, test } from 'vitest';
import { bsonValue } from '../test-route.ts';
import { compareValues, UnorderedType } from './bson-order.ts';

describe('compareValues', () => {
  /** Ascending, as `sort({_id: 1})` of MongoDB 6.0 gives them. */
  const ascending = [
    new MinKey(),
    null,
    new Double(Number.NaN),
    -5,
    new Double(-0.5),
    0,
    1,
    new Double(1.5),
    Long.fromString('9007199254740993'),
    Long.fromString('9007199254740994'),
    '',
    '00',
    '004',
    '004a',
    'a',
    'ä',
    '🙂',
    {},
    { a: 1 },
    { a: 1, b: 1 },
    { a: 2 },
    { b: 1 },
    { a: 'x' },
    [1],
    [1, 2],
    [2],
    new Binary(Buffer.from('zz')),
    new Binary(Buffer.from('aaa')),
    new ObjectId('000000000000000000000001'),
    new ObjectId('000000000000000000000002'),
    false,
    true,
    new Date(-1),
    new Date(1),
    new Timestamp({ t: 1, i: 2 }),
    new Timestamp({ t: 2, i: 1 }),
    new MaxKey(),
  ];

  test('orders types, and values within a type', () => {
    for (const [i, left] of ascending.entries()) {
      for (const [j, right] of ascending.entries()) {
        expect(Math.sign(compareValues(bsonValue(left), bsonValue(right))), `${String(left)} and ${String(right)}`).toBe(Math.sign(i - j));
      }
    }
  });

  test('numbers of different types are equal if their values are', () => {
    expect(compareValues(bsonValue(5), bsonValue(Long.fromNumber(5)))).toBe(0);
    expect(compareValues(bsonValue(new Double(5)), bsonValue(Long.fromNumber(5)))).toBe(0);
  });

  test('does not guess about types that it does not know', () => {
    expect(() => compareValues(bsonValue(Decimal128.fromString('1')), bsonValue(1))).toThrow(UnorderedType);
  });
});
