import { appendFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type AuditQueue, type AuditQueueOptions, openAuditQueue, QueueRefused } from './queue.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

const freshFolder = () => {
  const folder = mkdtempSync(join(tmpdir(), 'meridian-queue-'));
  folders.push(folder);
  return folder;
};

const open = (folder: string, options: Partial<AuditQueueOptions> = {}) =>
  openAuditQueue({ folder, maxBytes: 1024 * 1024, syncEveryMs: 5, onError: () => undefined, ...options });

/** All lines from a place on, a few bytes at a time. */
function drain(queue: AuditQueue, from = queue.start, atMost = 64): string[] {
  const all: string[] = [];
  for (let at = from; ; ) {
    const { lines, next } = queue.read(at, atMost);
    if (lines.length === 0) return all;
    all.push(...lines);
    at = next;
  }
}

const lines = (count: number, from = 0) => Array.from({ length: count }, (_, i) => `line ${from + i} ${'é'.repeat((from + i) % 40)}`);

describe('the queue on disk', () => {
  test('gives lines back in order, over files and over restarts', () => {
    const folder = freshFolder();
    const first = open(folder, { fileBytes: 500 });
    for (const line of lines(50)) first.append(line);
    first.close();
    const second = open(folder, { fileBytes: 500 });
    for (const line of lines(50, 50)) second.append(line);
    expect(readdirSync(folder).length).toBeGreaterThan(5);
    expect(drain(second)).toEqual(lines(100));
    second.close();
  });

  test('takes a line as long as any', () => {
    const queue = open(freshFolder());
    queue.append('x'.repeat(100_000));
    queue.append('y');
    expect(drain(queue).map(({ length }) => length)).toEqual([100_000, 1]);
    queue.close();
  });

  test('cuts off a line that a crash left unfinished', () => {
    const folder = freshFolder();
    const before = open(folder);
    before.append('whole');
    before.close();
    appendFileSync(join(folder, readdirSync(folder)[0] as string), 'half of a li');
    const after = open(folder);
    after.append('next');
    expect(drain(after)).toEqual(['whole', 'next']);
    after.close();
  });

  test('removes files that are behind, and counts what waits', () => {
    const folder = freshFolder();
    const queue = open(folder, { fileBytes: 200 });
    for (const line of lines(40)) queue.append(line);
    const files = readdirSync(folder).length;
    const { next } = queue.read(queue.start, 64);
    queue.release(next);
    expect(drain(queue)).toEqual(lines(40).slice(-drain(queue).length));
    let at = next;
    for (let step = queue.read(at, 64); step.lines.length > 0; step = queue.read(at, 64)) at = step.next;
    queue.release(at);
    expect(queue.waiting).toBe(0);
    expect(readdirSync(folder).length).toBeLessThan(files);
    queue.append('after');
    expect(drain(queue)).toEqual(['after']);
    queue.close();
  });

  test('refuses a line when it is full, and takes one again when something was released', () => {
    const queue = open(freshFolder(), { maxBytes: 100 });
    for (let i = 0; i < 10; i++) queue.append('123456789');
    expect(() => queue.append('more')).toThrow(QueueRefused);
    queue.release(queue.read(queue.start, 30).next);
    queue.append('more');
    queue.close();
  });

  test('refuses a line when the disk does', () => {
    const queue = open(freshFolder());
    queue.close();
    expect(() => queue.append('x')).toThrow(QueueRefused);
  });
});
