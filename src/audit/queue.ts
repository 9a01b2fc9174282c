/**
 * The queue on disk between requests and the database: files of lines, only ever appended to.
 *
 * A line is in the file before the answer leaves, so a killed process loses none. What a power cut may lose is bounded by
 * `syncEveryMs`: with 0 every line is on the disk before its answer leaves.
 */
import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

/** A place in the queue: the number of a file and a byte in it. */
export interface QueuePosition {
  readonly file: number;
  readonly offset: number;
}

export interface AuditQueueOptions {
  /** Made if it is not there; nobody else may write to it. */
  readonly folder: string;
  /** More waits nowhere: the next line is refused. */
  readonly maxBytes: number;
  /** Appended lines are brought to the disk within this time; 0: before `append` returns. Milliseconds. */
  readonly syncEveryMs: number;
  /** A file that has this many bytes is followed by a new one. For tests. */
  readonly fileBytes?: number;
  /** Told of what failed in the background. */
  readonly onError: (error: unknown) => void;
}

export interface AuditQueue {
  /** Takes lines (without their ends) by one write. @throws QueueRefused when it is full or the disk refuses: none is kept */
  append(...lines: readonly string[]): void;
  /** Whole lines from a place on, at most about `maxBytes` of them, and the place after them. Empty when there are no more. */
  read(from: QueuePosition, maxBytes: number): { readonly lines: readonly string[]; readonly next: QueuePosition };
  /** Everything before this place may go. */
  release(to: QueuePosition): void;
  /** The first place that is there, and the one where the next line will be. */
  readonly start: QueuePosition;
  readonly end: QueuePosition;
  /** Bytes that wait. */
  readonly waiting: number;
  /** Brings everything to the disk. */
  close(): void;
}

const FILE_BYTES = 16 * 1024 * 1024;
const NAME = /^queue-(\d{12})\.log$/;
const nameOf = (file: number) => `queue-${String(file).padStart(12, '0')}.log`;

/** The queue could not take a line. */
export class QueueRefused extends Error {
  constructor(reason: string, cause?: unknown) {
    super(`the audit queue ${reason}`, { cause });
    this.name = 'QueueRefused';
  }
}

/** Opens the queue and cuts off a line that a crash left unfinished: its request was never answered. */
export function openAuditQueue(options: AuditQueueOptions): AuditQueue {
  const { folder, maxBytes, syncEveryMs, fileBytes = FILE_BYTES, onError } = options;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const pathOf = (file: number) => join(folder, nameOf(file));
  const files = readdirSync(folder)
    .flatMap((name) => NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
  let first = files[0] ?? 1;
  let last = files.at(-1) ?? 1;
  let size = files.length > 0 ? cutToLines(pathOf(last)) : 0;
  let written = openSync(pathOf(last), 'a', 0o600);
  let released: QueuePosition = { file: first, offset: 0 };
  let waiting = files.reduce((sum, file) => sum + statSync(pathOf(file)).size, 0);
  let isDirty = false;
  let isSyncing = false;
  const reading = new Map<number, number>();

  const timer = syncEveryMs > 0 ? setInterval(syncInBackground, syncEveryMs).unref() : undefined;

  function syncInBackground(): void {
    if (!isDirty || isSyncing) return;
    isDirty = false;
    isSyncing = true;
    fdatasync(written, (error) => {
      isSyncing = false;
      // A file that was closed meanwhile was brought to the disk then.
      if (error && error.code !== 'EBADF') onError(error);
    });
  }

  function follow(): void {
    const next = openSync(pathOf(last + 1), 'ax', 0o600);
    fdatasyncSync(written);
    closeSync(written);
    [written, last, size] = [next, last + 1, 0];
  }

  function append(...lines: readonly string[]): void {
    if (waiting >= maxBytes) throw new QueueRefused(`holds ${waiting} bytes that the database has not taken`);
    const bytes = Buffer.from(`${lines.join('\n')}\n`);
    try {
      if (size >= fileBytes) follow();
      writeWhole(bytes);
      if (syncEveryMs === 0) fdatasyncSync(written);
    } catch (error) {
      throw new QueueRefused('can not be written', error);
    }
    isDirty = true;
    size += bytes.length;
    waiting += bytes.length;
  }

  /** All of it or, as far as the disk lets us, nothing. */
  function writeWhole(bytes: Buffer): void {
    let done = 0;
    try {
      while (done < bytes.length) done += writeSync(written, bytes, done);
    } catch (error) {
      if (done > 0) truncateSync(pathOf(last), size);
      throw error;
    }
  }

  function openForReading(file: number): number {
    const open = reading.get(file) ?? openSync(pathOf(file), 'r');
    reading.set(file, open);
    return open;
  }

  function read({ file, offset }: QueuePosition, atMost: number): ReturnType<AuditQueue['read']> {
    const length = file === last ? size : statSync(pathOf(file)).size;
    if (offset >= length) return file < last ? read({ file: file + 1, offset: 0 }, atMost) : { lines: [], next: { file, offset } };
    const bytes = Buffer.allocUnsafe(Math.min(atMost, length - offset));
    readSync(openForReading(file), bytes, 0, bytes.length, offset);
    const end = bytes.lastIndexOf(10) + 1;
    // A line longer than what was asked for.
    if (end === 0) return read({ file, offset }, atMost * 4);
    return { lines: bytes.toString('utf8', 0, end - 1).split('\n'), next: { file, offset: offset + end } };
  }

  function release(to: QueuePosition): void {
    for (; first < to.file; first++) {
      waiting -= statSync(pathOf(first)).size - (released.file === first ? released.offset : 0);
      const open = reading.get(first);
      if (open !== undefined) closeSync(open);
      reading.delete(first);
      rmSync(pathOf(first), { force: true });
      released = { file: first + 1, offset: 0 };
    }
    waiting -= to.offset - released.offset;
    released = to;
  }

  return {
    append,
    read,
    release,
    get start() {
      return released;
    },
    get end() {
      return { file: last, offset: size };
    },
    get waiting() {
      return waiting;
    },
    close() {
      clearInterval(timer);
      fdatasyncSync(written);
      for (const open of [written, ...reading.values()]) closeSync(open);
      reading.clear();
    },
  };
}

/** Cuts the file off after its last whole line. Gives its length. */
function cutToLines(path: string): number {
  const bytes = readFileSync(path);
  const end = bytes.lastIndexOf(10) + 1;
  if (end < bytes.length) truncateSync(path, end);
  return end;
}
