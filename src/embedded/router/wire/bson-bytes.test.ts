import {
  Binary,
  BSONRegExp,
  Code,
  Decimal128,
  type Document,
  Double,
  deserialize,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  serialize,
  Timestamp,
} from 'bson';
import { describe, expect, test } from 'vitest';
import {
  arrayElement,
  arrayOfValues,
  booleanElement,
  documentOf,
  type Element,
  elementsOf,
  findElement,
  intArray,
  intElement,
  isTrue,
  MalformedBson,
  nameOf,
  numberIn,
  renamed,
  stringIn,
} from './bson-bytes.ts';

const everyType: Document = {
  double: new Double(1.5),
  string: 'zwölf 🙂',
  document: { a: { b: 1 } },
  array: [1, 'two', { three: 3 }],
  binary: new Binary(Buffer.from('abc')),
  objectId: new ObjectId(),
  no: false,
  date: new Date(0),
  null: null,
  regex: new BSONRegExp('^a.*', 'i'),
  code: new Code('x'),
  scoped: new Code('x', { y: 1 }),
  int: new Int32(-5),
  timestamp: new Timestamp({ t: 1, i: 2 }),
  long: Long.fromString('9007199254740993'),
  decimal: Decimal128.fromString('1.10'),
  minKey: new MinKey(),
  maxKey: new MaxKey(),
  '': 'an empty name',
  '10': 'integer-like names keep their place',
  '2': 0,
};
const bytes = Buffer.from(serialize(everyType, { ignoreUndefined: false }));

describe('elements', () => {
  test('every type is stepped over, in order, to the end', () => {
    const elements = [...elementsOf(bytes, 0)];
    expect(elements.map((element) => nameOf(bytes, element)).sort()).toEqual(Object.keys(everyType).sort());
    expect(elements.at(-1)?.end).toBe(bytes.length - 1);
  });

  test('taken apart and put together again they are the same document', () => {
    expect(documentOf([...elementsOf(bytes, 0)].map(({ start, end }) => bytes.subarray(start, end)))).toEqual(bytes);
  });

  test('findElement finds by the whole name only', () => {
    const near = Buffer.from(serialize({ _ida: 1, _i: 2, _id: 3 }));
    expect(numberIn(near, findElement(near, 0, '_id'))).toBe(3);
    expect(findElement(near, 0, 'id')).toBeUndefined();
  });

  test('values of commands are read leniently, as MongoDB does', () => {
    const flags = Buffer.from(serialize({ a: true, b: 1, c: 0, d: new Double(2), e: Long.fromNumber(7), f: 'yes' }));
    const at = (name: string) => findElement(flags, 0, name);
    expect(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => isTrue(flags, at(name)))).toEqual([true, true, false, true, true, false]);
    expect(numberIn(flags, at('e'))).toBe(7);
    expect(stringIn(flags, at('f'))).toBe('yes');
    expect(stringIn(flags, at('a'))).toBeUndefined();
  });

  test('a document that lies about its sizes is refused, not read past', () => {
    const lying = Buffer.from(serialize({ a: 'text' }));
    lying.writeInt32LE(10_000, 7);
    expect(() => [...elementsOf(lying, 0)]).toThrow(MalformedBson);
    const endless = Buffer.from(serialize({ a: 1 })).fill(0x41, 5);
    expect(() => [...elementsOf(endless, 0)]).toThrow();
  });
});

test('elements that are made here are what the bson library makes', () => {
  const documents = Array.from({ length: 12 }, (_, i) => Buffer.from(serialize({ i })));
  const made = documentOf([intElement('n', -3), booleanElement('b', true), arrayElement('list', documents), intArray('ids', [4, 5])]);
  expect(made).toEqual(Buffer.from(serialize({ n: -3, b: true, list: documents.map((document) => deserialize(document)), ids: [4, 5] })));
});

test('renamed values keep type and bytes; arrays are numbered anew', () => {
  const source = Buffer.from(serialize({ list: ['a', 'b', 'c'] }));
  const list = findElement(source, 0, 'list') as Element;
  const [, second, third] = elementsOf(source, list.value);
  const made = documentOf([arrayOfValues('$in', source, [third as Element, second as Element]), renamed(source, third as Element, '_id')]);
  expect(made).toEqual(Buffer.from(serialize({ $in: ['c', 'b'], _id: 'c' })));
});
