/**
 * MongoDB's wire protocol, as far as a router needs it: OP_MSG both ways, and OP_QUERY / OP_REPLY for the first `hello` of a driver.
 * @see https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/
 */
const OP_REPLY = 1;
export const OP_QUERY = 2004;
export const OP_MSG = 2013;

/** 16 bytes of header, 4 of flags, 1 section kind: where the body document of our own messages starts. */
export const BODY_START = 21;
const MAX_MESSAGE_BYTES = 48_000_000;

const HEADER_BYTES = 16;
const CHECKSUM_PRESENT = 1;
const MORE_TO_COME = 2;

/** A kind 1 section: a field that the body lacks, as a run of documents. */
export interface DocumentSequence {
  readonly name: string;
  /** Offsets in the message: of the section's kind byte, of the first document, and past the last. */
  readonly sectionStart: number;
  readonly start: number;
  readonly end: number;
}

interface Sections {
  readonly bodyStart: number;
  readonly bodyEnd: number;
  /** Undefined for nearly all messages; the server allows several, drivers send one. */
  readonly sequence: DocumentSequence | undefined;
}

export class ProtocolError extends Error {}

export function requestIdOf(message: Buffer): number {
  return message.readInt32LE(4);
}

export function opCodeOf(message: Buffer): number {
  return message.readInt32LE(12);
}

/** True if the sender waits for no reply (an unacknowledged write). */
export function expectsNoReply(message: Buffer): boolean {
  return message.length >= BODY_START && (message.readInt32LE(16) & MORE_TO_COME) !== 0;
}

/** Where the sections of an OP_MSG lie. @throws ProtocolError on a shape that drivers do not send */
export function sectionsOf(message: Buffer): Sections {
  if (message.length < BODY_START + 5) throw new ProtocolError('message too short');
  if ((message.readInt32LE(16) & CHECKSUM_PRESENT) !== 0) throw new ProtocolError('checksums are not supported');
  let bodyStart = -1;
  let bodyEnd = -1;
  let sequence: DocumentSequence | undefined;
  for (let at = 20; at < message.length; ) {
    const kind = message[at];
    const size = message.readInt32LE(at + 1);
    const end = at + 1 + size;
    if (size < 5 || end > message.length) throw new ProtocolError('a section is longer than its message');
    if (kind === 0 && bodyStart < 0) {
      bodyStart = at + 1;
      bodyEnd = end;
    } else if (kind === 1 && !sequence) {
      const nameEnd = message.indexOf(0, at + 5);
      sequence = { name: message.toString('latin1', at + 5, nameEnd), sectionStart: at, start: nameEnd + 1, end };
    } else {
      throw new ProtocolError(`unexpected section of kind ${kind}`);
    }
    at = end;
  }
  if (bodyStart < 0) throw new ProtocolError('no body section');
  return { bodyStart, bodyEnd, sequence };
}

/** Writes header and flags of an OP_MSG whose sections start at byte 20. */
export function writeHeader(message: Buffer, requestId: number, responseTo: number): void {
  message.writeInt32LE(message.length, 0);
  message.writeInt32LE(requestId, 4);
  message.writeInt32LE(responseTo, 8);
  message.writeInt32LE(OP_MSG, 12);
  message.writeInt32LE(0, 16);
}

/** An OP_MSG of one body document. */
export function messageOf(body: Uint8Array, requestId: number, responseTo: number): Buffer {
  const message = Buffer.allocUnsafe(BODY_START + body.length);
  writeHeader(message, requestId, responseTo);
  message[20] = 0;
  message.set(body, BODY_START);
  return message;
}

/** The answer to an OP_QUERY: OP_REPLY with one document. */
export function legacyReplyOf(body: Uint8Array, requestId: number, responseTo: number): Buffer {
  const message = Buffer.alloc(HEADER_BYTES + 20 + body.length);
  message.writeInt32LE(message.length, 0);
  message.writeInt32LE(requestId, 4);
  message.writeInt32LE(responseTo, 8);
  message.writeInt32LE(OP_REPLY, 12);
  message.writeInt32LE(8, 16); // AwaitCapable, as every server since 2.4 says
  message.writeInt32LE(1, 32); // numberReturned; cursorId and startingFrom stay 0
  message.set(body, HEADER_BYTES + 20);
  return message;
}

/** Where the query document of an OP_QUERY starts: after flags, collection name, skip and count. */
export function legacyQueryStart(message: Buffer): number {
  return message.indexOf(0, 20) + 1 + 8;
}

/**
 * Cuts a byte stream into messages. A message that arrives in one piece is handed on without a copy.
 * `push` throws ProtocolError on an impossible length: the connection is then of no further use.
 */
export class FrameReader {
  #parts: Buffer[] = [];
  #held = 0;
  #needed = 0;
  readonly #onMessage: (message: Buffer) => void;

  constructor(onMessage: (message: Buffer) => void) {
    this.#onMessage = onMessage;
  }

  push(chunk: Buffer): void {
    if (this.#held > 0) {
      this.#parts.push(chunk);
      this.#held += chunk.length;
      if (this.#held < this.#needed) return;
      chunk = Buffer.concat(this.#parts, this.#held);
      this.#parts = [];
      this.#held = 0;
      this.#needed = 0;
    }
    let at = 0;
    while (chunk.length - at >= HEADER_BYTES) {
      const length = chunk.readInt32LE(at);
      if (length < HEADER_BYTES || length > MAX_MESSAGE_BYTES + HEADER_BYTES * 1024) throw new ProtocolError(`message of ${length} bytes`);
      if (chunk.length - at < length) {
        this.#needed = length;
        break;
      }
      const message = at === 0 && chunk.length === length ? chunk : chunk.subarray(at, at + length);
      at += length;
      this.#onMessage(message);
    }
    if (at < chunk.length) {
      this.#parts.push(at === 0 ? chunk : chunk.subarray(at));
      this.#held = chunk.length - at;
      if (this.#needed === 0) this.#needed = HEADER_BYTES;
    }
  }
}
