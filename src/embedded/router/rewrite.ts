/** Commands for a shard, made from a client's by copying its bytes with few changes. */
import type { Request } from './wire/request.ts';
import { writeHeader } from './wire/wire.ts';

interface Edit {
  /** Fields of the body to leave out. */
  readonly drop?: readonly string[];
  /** Elements (type, name, value) to add at the end of the body. */
  readonly append?: readonly Uint8Array[];
  /** Another name for the command. */
  readonly rename?: string;
  /** Another first element: name and value. */
  readonly first?: Uint8Array;
  /** In place of the request's sequence, if it has one: documents of that field beside the body. */
  readonly sequence?: { readonly name: string; readonly documents: readonly Uint8Array[] };
}

/** The message for a shard. It keeps the client's request id, so that the shard's answer already names it. */
export function rewrite(request: Request, edit: Edit): Buffer {
  const parts: Uint8Array[] = [];
  copyBody(request, edit, parts);
  if (edit.append) parts.push(...edit.append);
  let bodyLength = 5;
  for (const part of parts) bodyLength += part.length;
  const sections = sectionBytes(request, edit);
  let length = 21 + bodyLength;
  for (const section of sections) length += section.length;

  const out = Buffer.allocUnsafe(length);
  writeHeader(out, request.requestId, 0);
  out[20] = 0;
  out.writeInt32LE(bodyLength, 21);
  let at = 25;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  out[at++] = 0;
  for (const section of sections) {
    out.set(section, at);
    at += section.length;
  }
  return out;
}

/** The body's elements in as few pieces as the dropped ones leave. */
function copyBody({ message, bodyStart, bodyEnd, fields, name }: Request, edit: Edit, parts: Uint8Array[]): void {
  let from = bodyStart + 4;
  const [first] = fields.values();
  if (first && (edit.rename !== undefined || edit.first)) {
    parts.push(edit.first ?? renamedFirst(message, first.type, edit.rename ?? name, first.value, first.end));
    from = first.end;
  }
  if (edit.drop) {
    const dropped = edit.drop.flatMap((field) => fields.get(field) ?? []).sort((a, b) => a.start - b.start);
    for (const element of dropped) {
      if (element.start > from) parts.push(message.subarray(from, element.start));
      from = element.end;
    }
  }
  if (from < bodyEnd - 1) parts.push(message.subarray(from, bodyEnd - 1));
}

function renamedFirst(message: Buffer, type: number, name: string, value: number, end: number): Buffer {
  const head = Buffer.from(`\0${name}\0`, 'latin1');
  head[0] = type;
  return Buffer.concat([head, message.subarray(value, end)]);
}

function sectionBytes({ message, sequence }: Request, edit: Edit): Uint8Array[] {
  if (!edit.sequence) return sequence ? [message.subarray(sequence.sectionStart, sequence.end)] : [];
  const { name, documents } = edit.sequence;
  let size = 4 + name.length + 1;
  for (const document of documents) size += document.length;
  const head = Buffer.alloc(1 + 4 + name.length + 1);
  head[0] = 1;
  head.writeInt32LE(size, 1);
  head.write(name, 5, 'latin1');
  return [head, ...documents];
}
