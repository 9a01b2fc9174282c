import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lockDataDir } from './lock.ts';
import { startTimeOf } from './mongo/processes.ts';

const url = 'http://127.0.0.1:1/fhir/R4';

describe('lock of a data folder', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'meridian-lock-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  const leaveLock = (holder: object | string) =>
    writeFileSync(join(dir, 'gateway.lock'), typeof holder === 'string' ? holder : JSON.stringify(holder));

  test('a second gateway is told who holds it', () => {
    const release = lockDataDir(dir, url);
    expect(() => lockDataDir(dir, url)).toThrow(`used by the gateway at ${url} (process ${process.pid})`);
    release();
    lockDataDir(dir, url)();
    expect(readdirSync(dir)).toEqual([]);
  });

  test('the lock of another living process holds', async () => {
    const other = spawn('sleep', ['60']);
    const pid = other.pid ?? 0;
    leaveLock({ pid, startTime: startTimeOf(pid), baseUrl: url });
    expect(() => lockDataDir(dir, url)).toThrow(`process ${pid}`);
    other.kill('SIGKILL');
    await once(other, 'exit');
    lockDataDir(dir, url)();
  });

  test.each([
    ['a process that is gone', { pid: 4_194_305, startTime: '1', baseUrl: url }],
    ['a process whose id is used again', { pid: process.pid, startTime: '1', baseUrl: url }],
    ['nothing that can be read', '{"pid":'],
  ])('the lock of %s is taken over', (_, holder) => {
    leaveLock(holder);
    const release = lockDataDir(dir, url);
    expect(() => lockDataDir(dir, url)).toThrow(`process ${process.pid}`);
    release();
  });

  test('letting go twice does not take away a successor', () => {
    const release = lockDataDir(dir, url);
    release();
    const successor = lockDataDir(dir, 'http://127.0.0.1:2/fhir/R4');
    release();
    expect(() => lockDataDir(dir, url)).toThrow('127.0.0.1:2');
    successor();
  });
});
