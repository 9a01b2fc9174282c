/**
 * The order of BSON values, for the types that keys are made of. A router sorts by it and finds the owner of a key.
 * @see https://www.mongodb.com/docs/manual/reference/bson-type-comparison-order/
 */
import { documentEnd, type Element, elementAt, TYPE } from './bson-bytes.ts';

/** A value that lies in a buffer. */
export interface Value {
  readonly bytes: Buffer;
  readonly type: number;
  readonly start: number;
  readonly end: number;
}

export function valueIn(bytes: Buffer, element: Element): Value {
  return { bytes, type: element.type, start: element.value, end: element.end };
}

/** Types in an order that this module does not know (regex, code, decimal): ask MongoDB itself. */
export class UnorderedType extends Error {}

/** The place of a type among the types; numbers share one. */
function rankOf(type: number): number {
  switch (type) {
    case TYPE.minKey:
      return 0;
    case TYPE.undefined:
      return 1;
    case TYPE.null:
      return 2;
    case TYPE.int:
    case TYPE.long:
    case TYPE.double:
      return 3;
    case TYPE.string:
      return 4;
    case TYPE.document:
      return 5;
    case TYPE.array:
      return 6;
    case TYPE.binary:
      return 7;
    case TYPE.objectId:
      return 8;
    case TYPE.boolean:
      return 9;
    case TYPE.date:
      return 10;
    case TYPE.timestamp:
      return 11;
    case TYPE.maxKey:
      return 20;
    default:
      throw new UnorderedType(`type ${type}`);
  }
}

export function isOrdered(type: number): boolean {
  try {
    return rankOf(type) >= 0;
  } catch {
    return false;
  }
}

function compareBytes(a: Buffer, aStart: number, aEnd: number, b: Buffer, bStart: number, bEnd: number): number {
  const length = Math.min(aEnd - aStart, bEnd - bStart);
  for (let i = 0; i < length; i++) {
    const difference = (a[aStart + i] as number) - (b[bStart + i] as number);
    if (difference !== 0) return difference;
  }
  return aEnd - aStart - (bEnd - bStart);
}

function numberAt(value: Value): number | bigint {
  if (value.type === TYPE.int) return value.bytes.readInt32LE(value.start);
  return value.type === TYPE.long ? value.bytes.readBigInt64LE(value.start) : value.bytes.readDoubleLE(value.start);
}

/** JavaScript compares a bigint with a number exactly; NaN sorts before every number, as in MongoDB. */
function compareNumbers(a: Value, b: Value): number {
  const left = numberAt(a);
  const right = numberAt(b);
  if (Number.isNaN(left) || Number.isNaN(right)) return (Number.isNaN(right) ? 1 : 0) - (Number.isNaN(left) ? 1 : 0);
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Documents and arrays: element by element, by type, then name, then value; the shorter first. */
function compareDocuments(a: Value, b: Value): number {
  const aEnd = documentEnd(a.bytes, a.start);
  const bEnd = documentEnd(b.bytes, b.start);
  let aAt = a.start + 4;
  let bAt = b.start + 4;
  while (aAt < aEnd && bAt < bEnd) {
    const left = elementAt(a.bytes, aAt);
    const right = elementAt(b.bytes, bAt);
    const byType = rankOf(left.type) - rankOf(right.type);
    if (byType !== 0) return byType;
    const byName = compareBytes(a.bytes, left.start + 1, left.value, b.bytes, right.start + 1, right.value);
    if (byName !== 0) return byName;
    const byValue = compareValues(valueIn(a.bytes, left), valueIn(b.bytes, right));
    if (byValue !== 0) return byValue;
    aAt = left.end;
    bAt = right.end;
  }
  return (aAt < aEnd ? 1 : 0) - (bAt < bEnd ? 1 : 0);
}

/** Negative, 0 or positive. @throws UnorderedType */
export function compareValues(a: Value, b: Value): number {
  if (a.type === TYPE.string && b.type === TYPE.string)
    return compareBytes(a.bytes, a.start + 4, a.end - 1, b.bytes, b.start + 4, b.end - 1);
  const byRank = rankOf(a.type) - rankOf(b.type);
  if (byRank !== 0) return byRank;
  switch (a.type) {
    case TYPE.int:
    case TYPE.long:
    case TYPE.double:
      return compareNumbers(a, b);
    case TYPE.document:
    case TYPE.array:
      return compareDocuments(a, b);
    case TYPE.binary: // length, subtype, content
      return a.end - a.start - (b.end - b.start) || compareBytes(a.bytes, a.start + 4, a.end, b.bytes, b.start + 4, b.end);
    case TYPE.date: {
      const difference = a.bytes.readBigInt64LE(a.start) - b.bytes.readBigInt64LE(b.start);
      return difference < 0n ? -1 : difference > 0n ? 1 : 0;
    }
    case TYPE.timestamp: {
      const difference = a.bytes.readBigUInt64LE(a.start) - b.bytes.readBigUInt64LE(b.start);
      return difference < 0n ? -1 : difference > 0n ? 1 : 0;
    }
    default: // object ids and booleans by their bytes; null, MinKey and MaxKey have none
      return compareBytes(a.bytes, a.start, a.end, b.bytes, b.start, b.end);
  }
}
