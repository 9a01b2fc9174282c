import { serialize } from 'bson';
import { describe, expect, test } from 'vitest';
import { BODY_START, FrameReader, legacyQueryStart, legacyReplyOf, messageOf, ProtocolError, requestIdOf, sectionsOf } from './wire.ts';

const small = messageOf(serialize({ ping: 1 }), 7, 0);
const large = messageOf(serialize({ text: 'x'.repeat(100_000) }), 8, 0);

function framesOf(chunks: readonly Buffer[]): Buffer[] {
  const messages: Buffer[] = [];
  const reader = new FrameReader((message) => messages.push(Buffer.from(message)));
  for (const chunk of chunks) reader.push(chunk);
  return messages;
}

describe('FrameReader', () => {
  const stream = Buffer.concat([small, large, small]);

  test.each([1, 3, 15, 16, 17, 64, 1_000, 65_536, stream.length])('cuts a stream that arrives in pieces of %i bytes', (size) => {
    const chunks: Buffer[] = [];
    for (let at = 0; at < stream.length; at += size) chunks.push(Buffer.from(stream.subarray(at, at + size)));
    expect(framesOf(chunks)).toEqual([small, large, small]);
  });

  test('hands a message on without a copy if it came in one piece', () => {
    let seen: Buffer | undefined;
    new FrameReader((message) => {
      seen = message;
    }).push(small);
    expect(seen).toBe(small);
  });

  test.each([0, 15, -1, 0x7fffffff])('refuses a length of %i', (length) => {
    const bad = Buffer.from(small);
    bad.writeInt32LE(length, 0);
    expect(() => framesOf([bad])).toThrow(ProtocolError);
  });
});

describe('sectionsOf', () => {
  test('finds body and document sequence in either order', () => {
    const body = Buffer.from(serialize({ insert: 'c' }));
    const documents = Buffer.concat([serialize({ _id: 1 }), serialize({ _id: 2 })]);
    const head = Buffer.alloc(5 + 'documents\0'.length);
    head[0] = 1;
    head.writeInt32LE(head.length - 1 + documents.length, 1);
    head.write('documents\0', 5, 'latin1');
    const sequence = Buffer.concat([head, documents]);
    for (const sections of [
      [Buffer.from([0]), body, sequence],
      [sequence, Buffer.from([0]), body],
    ]) {
      const message = Buffer.concat([Buffer.alloc(20), ...sections]);
      const found = sectionsOf(message);
      expect(message.subarray(found.bodyStart, found.bodyEnd)).toEqual(body);
      expect(found.sequence?.name).toBe('documents');
      expect(message.subarray(found.sequence?.start, found.sequence?.end)).toEqual(documents);
    }
  });

  test('refuses checksums, a missing body, and sections that are longer than the message', () => {
    const checked = Buffer.from(small);
    checked.writeInt32LE(1, 16);
    expect(() => sectionsOf(checked)).toThrow(/checksum/);
    expect(() => sectionsOf(small.subarray(0, 20))).toThrow(ProtocolError);
    const long = Buffer.from(small);
    long.writeInt32LE(1_000, BODY_START);
    expect(() => sectionsOf(long)).toThrow(/longer/);
  });
});

test('OP_QUERY: the document is found after name, skip and count; OP_REPLY names the request', () => {
  const document = serialize({ ismaster: 1 });
  const query = Buffer.concat([Buffer.alloc(20), Buffer.from('admin.$cmd\0'), Buffer.alloc(8), document]);
  expect(query.subarray(legacyQueryStart(query))).toEqual(Buffer.from(document));
  const reply = legacyReplyOf(document, 1, 42);
  expect(reply.readInt32LE(0)).toBe(reply.length);
  expect(reply.readInt32LE(8)).toBe(42);
  expect(requestIdOf(reply)).toBe(1);
});
