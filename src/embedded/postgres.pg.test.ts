import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, lstat, mkdir, mkdtemp, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startPostgres } from './postgres.ts';

let dataDir: string;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'meridian-pg-'));
  await chmod(dataDir, 0o755);
});
afterAll(() => rm(dataDir, { recursive: true, force: true }));

async function ask<Row>(url: string, sql: string): Promise<Row[]> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}

const isAlive = (pid: number) => existsSync(`/proc/${pid}`);
async function isGone(pid: number, withinMs: number): Promise<boolean> {
  for (const end = Date.now() + withinMs; Date.now() < end; await sleep(20)) if (!isAlive(pid)) return true;
  return false;
}
const pidOf = (server: { processes: () => readonly { role: string; pid: number }[] }, role = 'postgres') =>
  server.processes().find((process) => process.role === role)?.pid ?? 0;

describe('embedded PostgreSQL', () => {
  test('starts on nothing, keeps its data over a stop, warm within 2 s', async () => {
    const folder = join(dataDir, 'kept');
    const first = await startPostgres({ dataDir: folder });
    await ask(first.url, 'CREATE TABLE kept AS SELECT 7 AS n');
    expect(await ask(first.url, `SELECT current_setting('max_prepared_transactions') AS n, current_setting('fsync') AS fsync`)).toEqual([
      { n: '64', fsync: 'on' },
    ]);
    expect((await stat(join(folder, 'password'))).mode & 0o777).toBe(0o600);
    await first.stop();
    expect(first.processes().filter(({ pid }) => isAlive(pid))).toEqual([]);
    const began = Date.now();
    const second = await startPostgres({ dataDir: folder });
    expect(Date.now() - began).toBeLessThan(2000);
    expect(await ask(second.url, 'SELECT n FROM kept')).toEqual([{ n: 7 }]);
    await second.stop();
  });

  test.runIf(process.getuid?.() === 0)("root's private folder gets a link to a folder that the server's user can enter", async () => {
    const secret = join(dataDir, 'private');
    await mkdir(secret, { mode: 0o700 });
    const server = await startPostgres({ dataDir: join(secret, 'postgres') });
    expect((await lstat(join(secret, 'postgres'))).isSymbolicLink()).toBe(true);
    await server.stop();
    const again = await startPostgres({ dataDir: join(secret, 'postgres') });
    expect(await ask(again.url, 'SELECT 1 AS n')).toEqual([{ n: 1 }]);
    await again.stop();
    await rm(await readlink(join(secret, 'postgres')), { recursive: true });
  });

  test('refuses a wrong password', async () => {
    const server = await startPostgres({ dataDir: join(dataDir, 'kept') });
    await expect(ask(server.url.replace(/:[^:@]+@/, ':wrong@'), 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
    await server.stop();
  });

  test('starts again by itself after kill -9 of the postmaster', async () => {
    const log: string[] = [];
    const server = await startPostgres({ dataDir: join(dataDir, 'kept'), log: (line) => log.push(line) });
    await ask(server.url, 'INSERT INTO kept VALUES (8)');
    const killed = pidOf(server);
    process.kill(killed, 'SIGKILL');
    await expect
      .poll(() => ask(server.url, 'SELECT n FROM kept ORDER BY n').catch(() => undefined), { timeout: 25_000 })
      .toEqual([{ n: 7 }, { n: 8 }]);
    expect(log.join()).toContain('ended unexpectedly');
    await expect.poll(() => pidOf(server)).not.toBe(killed);
    await server.stop();
    expect(server.processes().filter(({ pid }) => isAlive(pid))).toEqual([]);
  });

  test('overlooks the lock file of a process that is no server', async () => {
    const folder = join(dataDir, 'kept');
    await writeFile(join(folder, 'data', 'postmaster.pid'), `${process.pid}\n${folder}/data\n`);
    const server = await startPostgres({ dataDir: folder });
    expect(await readFile(join(folder, 'data', 'postmaster.pid'), 'utf8')).toContain(`${pidOf(server)}`);
    await server.stop();
  });

  test('ends when the process that started it is killed, and the next start takes over', async () => {
    const folder = join(dataDir, 'kept');
    const code = `const { startPostgres } = await import(${JSON.stringify(join(import.meta.dirname, 'postgres.ts'))});
      const server = await startPostgres({ dataDir: ${JSON.stringify(folder)} });
      console.log(JSON.stringify(server.processes())); setInterval(() => {}, 1000);`;
    const gateway = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
    const line = await new Promise<string>((resolve) => gateway.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString())));
    const pids = (JSON.parse(line) as { pid: number }[]).map(({ pid }) => pid);
    gateway.kill('SIGKILL');
    const next = await startPostgres({ dataDir: folder });
    for (const pid of pids) expect(await isGone(pid, 5000)).toBe(true);
    expect(await ask(next.url, 'SELECT n FROM kept ORDER BY n')).toEqual([{ n: 7 }, { n: 8 }]);
    await next.stop();
  });

  test('says in one line why it does not start', async () => {
    const folder = join(dataDir, 'kept');
    await expect(startPostgres({ dataDir: folder, settings: { shared_buffers: 'plenty' } })).rejects.toThrow(
      /PostgreSQL did not start: .*shared_buffers/,
    );
  });
});
