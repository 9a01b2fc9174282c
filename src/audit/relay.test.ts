import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { createUlids } from '../model/ulid.ts';
import { firstHash, nextHash } from './chain.ts';
import { openAuditQueue } from './queue.ts';
import { recordText } from './record.ts';
import { type AuditRelayOptions, type AuditRow, type AuditSink, type StoredChain, startAuditRelay } from './relay.ts';
import { openWitness } from './witness.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});
const freshFolder = () => {
  const folder = mkdtempSync(join(tmpdir(), 'meridian-relay-'));
  folders.push(folder);
  return folder;
};

/** A database that can be down, or lose its answer after it has done the work. */
function memorySink() {
  const chains = new Map<string, StoredChain>();
  const rows: (AuditRow & { readonly chain: number })[] = [];
  const trouble = { isDown: false, losesAnswer: false };
  const roots: number[] = [];
  const byNumber = (number: number) => [...chains].find(([, chain]) => chain.number === number) as [string, StoredChain];
  const ask = () => {
    if (trouble.isDown) throw new Error('down');
  };
  const sink: AuditSink = {
    findChain: async (name) => {
      ask();
      return chains.get(name);
    },
    openChain: async (name, head, position) => {
      ask();
      const chain = { ...head, number: chains.size + 1, position, lastRoot: { seq: 0, at: 0 }, coveredAt: 0 };
      chains.set(name, chain);
      return chain;
    },
    append: async (number, after, added, position) => {
      ask();
      const [name, chain] = byNumber(number);
      if (chain.hash !== after.hash) throw new Error('another head');
      rows.push(...added.map((row) => ({ ...row, chain: number })));
      chains.set(name, { ...chain, seq: chain.seq + added.length, hash: added.at(-1)?.hash ?? chain.hash, position });
      if (trouble.losesAnswer) {
        trouble.losesAnswer = false;
        throw new Error('the answer was lost');
      }
    },
    keepRoot: async (number, seq, _signed, at) => {
      const [name, chain] = byNumber(number);
      roots.push(seq);
      chains.set(name, { ...chain, lastRoot: { seq, at } });
    },
    beat: async () => ask(),
  };
  return { sink, chains, rows, trouble, roots };
}

function start(folder: string, sink: AuditSink, changes: Partial<AuditRelayOptions> = {}) {
  const queue = openAuditQueue({ folder, maxBytes: 10_000_000, syncEveryMs: 20, fileBytes: 4_000, onError: () => undefined });
  const options = { queue, witness: openWitness(folder), sink, now: Date.now, newUlid: createUlids(), log: () => undefined };
  return startAuditRelay({ ...options, sign: async ({ seq }) => `signed ${seq}`, ...changes }).then((relay) => ({ queue, relay }));
}

const line = (n: number) =>
  recordText({
    recorded: 1_000_000_000_000 + n,
    interaction: 'read',
    status: 200,
    request: `r${n}`,
    client: 'c',
    subject: 'c',
    issuer: '',
    address: '',
    entities: [],
    patients: [`p${n}`],
    query: '',
    note: '',
  });

function expectChain(name: string, rows: readonly AuditRow[], texts: readonly string[]): void {
  expect(rows.map(({ text }) => text)).toEqual(texts);
  let hash = firstHash(name);
  for (const row of rows) {
    hash = nextHash(hash, row.text);
    expect(row.hash).toBe(hash);
  }
}

describe('the relay', { timeout: 30_000 }, () => {
  test('carries every line over once, in order, sealed', async () => {
    const { sink, chains, rows } = memorySink();
    const { queue, relay } = await start(freshFolder(), sink);
    const texts = Array.from({ length: 300 }, (_, n) => line(n));
    for (const text of texts) queue.append(text);
    await relay.flush(2_000);
    expectChain([...chains.keys()][0] as string, rows, texts);
    expect(queue.waiting).toBe(0);
    await relay.close(1_000);
    queue.close();
  });

  test('leaves what comes while events are stored for the next batch, so that no batch is of one', async () => {
    const { sink, rows } = memorySink();
    let statements = 0;
    let isBusy = true;
    const busy: AuditSink = {
      ...sink,
      append: async (...batch) => {
        statements++;
        await sleep(1);
        if (isBusy) queue.append(line(statements));
        return sink.append(...batch);
      },
    };
    const { queue, relay } = await start(freshFolder(), busy);
    queue.append(line(0));
    await expect.poll(() => rows.length, { timeout: 5_000 }).toBeGreaterThan(2);
    const [before, since] = [statements, performance.now()];
    await sleep(500);
    expect(statements - before).toBeLessThanOrEqual((performance.now() - since) / 100 + 1);
    isBusy = false;
    await relay.close(1_000);
    queue.close();
  });

  test('goes on where it was after a restart, in the same chain', async () => {
    const { sink, chains, rows, roots } = memorySink();
    const folder = freshFolder();
    const texts = Array.from({ length: 60 }, (_, n) => line(n));
    for (const part of [texts.slice(0, 20), texts.slice(20, 40), texts.slice(40)]) {
      const { queue, relay } = await start(folder, sink);
      for (const text of part) queue.append(text);
      await relay.close(1_000);
      queue.close();
    }
    expect(chains.size).toBe(1);
    expectChain([...chains.keys()][0] as string, rows, texts);
    expect(roots).toEqual([20, 40, 60]);
  });

  test('keeps lines while the database is down, and does not repeat those whose answer was lost', async () => {
    const { sink, chains, rows, trouble } = memorySink();
    const { queue, relay } = await start(freshFolder(), sink);
    trouble.isDown = true;
    for (let n = 0; n < 20; n++) queue.append(line(n));
    await expect(relay.flush(200)).rejects.toThrow('does not take');
    expect(rows).toEqual([]);
    trouble.isDown = false;
    trouble.losesAnswer = true;
    await relay.flush(5_000);
    for (let n = 20; n < 30; n++) queue.append(line(n));
    await relay.flush(5_000);
    const texts = Array.from({ length: 30 }, (_, n) => line(n));
    expectChain([...chains.keys()][0] as string, rows, texts);
    await relay.close(1_000);
    queue.close();
  });

  test('what was on disk when the process was killed is carried over by the next', async () => {
    const { sink, chains, rows, trouble } = memorySink();
    const folder = freshFolder();
    const first = await start(folder, sink);
    trouble.isDown = true;
    for (let n = 0; n < 10; n++) first.queue.append(line(n));
    await first.relay.close(100);
    first.queue.close();
    trouble.isDown = false;
    const second = await start(folder, sink);
    await second.relay.flush(2_000);
    expectChain(
      [...chains.keys()][0] as string,
      rows,
      Array.from({ length: 10 }, (_, n) => line(n)),
    );
    await second.relay.close(1_000);
    second.queue.close();
  });

  test('begins another chain, loudly, when the database has lost the end of its own', async () => {
    const { sink, chains, rows } = memorySink();
    const folder = freshFolder();
    const first = await start(folder, sink);
    first.queue.append(line(1));
    await first.relay.close(1_000);
    first.queue.close();
    chains.clear();
    rows.length = 0;
    const messages: string[] = [];
    const second = await start(folder, sink, { log: (message) => messages.push(message) });
    second.queue.append(line(2));
    await second.relay.close(1_000);
    second.queue.close();
    expect(messages).toEqual([expect.stringContaining('does not have the end of the audit chain')]);
    expect(rows.at(-1)?.text).toBe(line(2));
  });

  test('leaves out a line that a power cut spoiled, and says so', async () => {
    const { sink, rows } = memorySink();
    const messages: string[] = [];
    const { queue, relay } = await start(freshFolder(), sink, { log: (message) => messages.push(message) });
    for (const text of [line(1), '\u0000\u0000\u0000', line(2)]) queue.append(text);
    await relay.flush(2_000);
    expect(rows.map(({ text }) => text)).toEqual([line(1), line(2)]);
    expect(messages).toEqual([expect.stringContaining('can not be read')]);
    await relay.close(1_000);
    queue.close();
  });
});
