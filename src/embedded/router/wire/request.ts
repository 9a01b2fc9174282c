/** A client's command as bytes, with its top-level fields found once. */
import { documentEnd, type Element, elementAt, MalformedBson, nameOf, stringIn } from './bson-bytes.ts';
import { type DocumentSequence, ProtocolError, requestIdOf, sectionsOf } from './wire.ts';

/** The fields of the document at `start`, by name, in order. */
export function fieldsOf(bytes: Buffer, start: number): Map<string, Element> {
  const fields = new Map<string, Element>();
  const end = documentEnd(bytes, start);
  for (let at = start + 4; at < end; ) {
    const element = elementAt(bytes, at);
    fields.set(nameOf(bytes, element), element);
    at = element.end;
  }
  return fields;
}

export interface Request {
  readonly message: Buffer;
  readonly requestId: number;
  /** The command: the name of the body's first field. */
  readonly name: string;
  readonly database: string;
  /** The value of the first field where it is a string: mostly a collection. */
  readonly target: string;
  readonly fields: ReadonlyMap<string, Element>;
  readonly bodyStart: number;
  readonly bodyEnd: number;
  readonly sequence: DocumentSequence | undefined;
}

/** @throws ProtocolError, MalformedBson */
export function parseRequest(message: Buffer): Request {
  const { bodyStart, bodyEnd, sequence } = sectionsOf(message);
  const fields = fieldsOf(message, bodyStart);
  const [first] = fields;
  if (!first) throw new ProtocolError('an empty command');
  const [name, element] = first;
  return {
    message,
    requestId: requestIdOf(message),
    name,
    database: stringIn(message, fields.get('$db')) ?? 'admin',
    target: stringIn(message, element) ?? '',
    fields,
    bodyStart,
    bodyEnd,
    sequence,
  };
}

export function namespaceOf({ database, target }: Request): string {
  return `${database}.${target}`;
}

/** The documents of a field that may stand in the body as an array or beside it as a sequence. */
export function documentsOf(request: Request, name: string): Buffer[] {
  const { message, sequence, fields } = request;
  const documents: Buffer[] = [];
  if (sequence?.name === name) {
    for (let at = sequence.start; at < sequence.end; ) {
      const size = message.readInt32LE(at);
      if (size < 5 || at + size > sequence.end) throw new MalformedBson('a document is longer than its sequence');
      documents.push(message.subarray(at, at + size));
      at += size;
    }
    return documents;
  }
  const array = fields.get(name);
  if (!array) return documents;
  const end = documentEnd(message, array.value);
  for (let at = array.value + 4; at < end; ) {
    const element = elementAt(message, at);
    documents.push(message.subarray(element.value, element.end));
    at = element.end;
  }
  return documents;
}
