/**
 * BSON read and edited as bytes. Nothing becomes a JavaScript object on the way: that would cost time, reorder integer-like
 * keys and lose number types.
 * @see https://bsonspec.org/spec.html
 */
export const TYPE = {
  double: 0x01,
  string: 0x02,
  document: 0x03,
  array: 0x04,
  binary: 0x05,
  undefined: 0x06,
  objectId: 0x07,
  boolean: 0x08,
  date: 0x09,
  null: 0x0a,
  regex: 0x0b,
  code: 0x0d,
  int: 0x10,
  timestamp: 0x11,
  long: 0x12,
  decimal: 0x13,
  minKey: 0xff,
  maxKey: 0x7f,
} as const;

export class MalformedBson extends Error {}

/** An element of a document: offsets in the buffer of its type byte, its value, and past its end. */
export interface Element {
  readonly type: number;
  readonly start: number;
  readonly value: number;
  readonly end: number;
}

/** A size that stands in the bytes. Checked: a negative one would lead in circles. */
function sizeAt(bytes: Buffer, at: number, least: number): number {
  const size = bytes.readInt32LE(at);
  if (size < least) throw new MalformedBson(`a size of ${size} bytes`);
  return size;
}

/** Where the value that starts at `value` ends. @throws MalformedBson on a type that BSON does not have, or an impossible size */
export function valueEnd(bytes: Buffer, type: number, value: number): number {
  switch (type) {
    case TYPE.string:
    case TYPE.code:
    case 0x0e: // symbol
      return value + 4 + sizeAt(bytes, value, 1);
    case TYPE.document:
    case TYPE.array:
    case 0x0f: // code with scope
      return value + sizeAt(bytes, value, 5);
    case TYPE.binary:
      return value + 5 + sizeAt(bytes, value, 0);
    case TYPE.double:
    case TYPE.date:
    case TYPE.timestamp:
    case TYPE.long:
      return value + 8;
    case TYPE.int:
      return value + 4;
    case TYPE.boolean:
      return value + 1;
    case TYPE.objectId:
      return value + 12;
    case TYPE.decimal:
      return value + 16;
    case TYPE.null:
    case TYPE.undefined:
    case TYPE.minKey:
    case TYPE.maxKey:
      return value;
    case TYPE.regex:
      return pastNul(bytes, pastNul(bytes, value));
    case 0x0c: // DBPointer
      return value + 4 + sizeAt(bytes, value, 1) + 12;
    default:
      throw new MalformedBson(`unknown type ${type}`);
  }
}

function pastNul(bytes: Buffer, from: number): number {
  const at = bytes.indexOf(0, from);
  if (at < 0) throw new MalformedBson('a text without end');
  return at + 1;
}

/** Past the NUL that ends the name of the element at `start`. */
function nameEnd(bytes: Buffer, start: number): number {
  let at = start + 1;
  while (bytes[at] !== 0) {
    if (at >= bytes.length) throw new MalformedBson('a name without end');
    at++;
  }
  return at + 1;
}

export function elementAt(bytes: Buffer, start: number): Element {
  const type = bytes[start] ?? 0;
  const value = nameEnd(bytes, start);
  const end = valueEnd(bytes, type, value);
  if (end > bytes.length || end < value) throw new MalformedBson('an element is longer than its document');
  return { type, start, value, end };
}

export function nameOf(bytes: Buffer, element: Element): string {
  return bytes.toString('latin1', element.start + 1, element.value - 1);
}

/** The offset of the terminating NUL of the document at `start`. */
export function documentEnd(bytes: Buffer, start: number): number {
  return start + bytes.readInt32LE(start) - 1;
}

/** The elements of the document at `start`, in order. */
export function* elementsOf(bytes: Buffer, start: number): Generator<Element> {
  const end = documentEnd(bytes, start);
  for (let at = start + 4; at < end; ) {
    const element = elementAt(bytes, at);
    yield element;
    at = element.end;
  }
}

function isNamed(bytes: Buffer, start: number, name: string): boolean {
  for (let i = 0; i < name.length; i++) if (bytes[start + 1 + i] !== name.charCodeAt(i)) return false;
  return bytes[start + 1 + name.length] === 0;
}

/** The first element of that (ASCII) name in the document at `start`. */
export function findElement(bytes: Buffer, start: number, name: string): Element | undefined {
  const end = documentEnd(bytes, start);
  for (let at = start + 4; at < end; ) {
    if (isNamed(bytes, at, name)) return elementAt(bytes, at);
    at = valueEnd(bytes, bytes[at] ?? 0, nameEnd(bytes, at));
  }
  return undefined;
}

/** The number in an int, long or double element; other types give undefined. Longs lose precision past 2^53. */
export function numberIn(bytes: Buffer, element: Element | undefined): number | undefined {
  switch (element?.type) {
    case TYPE.int:
      return bytes.readInt32LE(element.value);
    case TYPE.long:
      return Number(bytes.readBigInt64LE(element.value));
    case TYPE.double:
      return bytes.readDoubleLE(element.value);
    default:
      return undefined;
  }
}

export function stringIn(bytes: Buffer, element: Element | undefined): string | undefined {
  return element?.type === TYPE.string ? bytes.toString('utf8', element.value + 4, element.end - 1) : undefined;
}

/** MongoDB's notion of truth in a command's flag: true, or a number other than 0. */
export function isTrue(bytes: Buffer, element: Element | undefined): boolean {
  if (element === undefined) return false;
  return element.type === TYPE.boolean ? bytes[element.value] === 1 : (numberIn(bytes, element) ?? 0) !== 0;
}

/** The bytes of one element with another name. */
export function renamed(bytes: Buffer, element: Element, name: string): Buffer {
  const value = bytes.subarray(element.value, element.end);
  return Buffer.concat([Buffer.from([element.type]), Buffer.from(`${name}\0`, 'latin1'), value]);
}

/** A document of the given elements' bytes, each with its type and name. */
export function documentOf(elements: readonly Uint8Array[]): Buffer {
  let length = 5;
  for (const element of elements) length += element.length;
  const bytes = Buffer.allocUnsafe(length);
  bytes.writeInt32LE(length, 0);
  let at = 4;
  for (const element of elements) {
    bytes.set(element, at);
    at += element.length;
  }
  bytes[at] = 0;
  return bytes;
}

/** An array (or document, if `type` says so) element made of documents that lie in buffers. */
export function arrayElement(name: string, documents: readonly Uint8Array[]): Buffer {
  let length = 5;
  for (let i = 0; i < documents.length; i++) length += 2 + String(i).length + (documents[i]?.length ?? 0);
  const head = 2 + name.length;
  const bytes = Buffer.allocUnsafe(head + length);
  bytes[0] = TYPE.array;
  bytes.write(name, 1, 'latin1');
  bytes[head - 1] = 0;
  bytes.writeInt32LE(length, head);
  let at = head + 4;
  for (let i = 0; i < documents.length; i++) {
    bytes[at++] = TYPE.document;
    at += bytes.write(String(i), at, 'latin1');
    bytes[at++] = 0;
    const document = documents[i] as Uint8Array;
    bytes.set(document, at);
    at += document.length;
  }
  bytes[at] = 0;
  return bytes;
}

export function intElement(name: string, value: number): Buffer {
  const bytes = Buffer.allocUnsafe(2 + name.length + 4);
  bytes[0] = TYPE.int;
  bytes.write(name, 1, 'latin1');
  bytes[1 + name.length] = 0;
  bytes.writeInt32LE(value, 2 + name.length);
  return bytes;
}

export function booleanElement(name: string, value: boolean): Buffer {
  return Buffer.from([TYPE.boolean, ...Buffer.from(name, 'latin1'), 0, value ? 1 : 0]);
}

/** An array element of the given elements' values. */
export function arrayOfValues(name: string, bytes: Buffer, elements: readonly Element[]): Buffer {
  const members = elements.map((element, index) => renamed(bytes, element, String(index)));
  return Buffer.concat([Buffer.from(`\x04${name}\0`, 'latin1'), documentOf(members)]);
}

export function intArray(name: string, values: readonly number[]): Buffer {
  const members = values.map((value, index) => intElement(String(index), value));
  return Buffer.concat([Buffer.from(`\x04${name}\0`, 'latin1'), documentOf(members)]);
}
