/** Loads into a server that answers as a gateway does, over real HTTP. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findStages } from './files.ts';
import type { LoadItem, Unloadable } from './item.ts';
import { createProgress } from './progress.ts';
import { readItems } from './read-file.ts';
import { runLoad } from './run.ts';
import { createSender, LoadAborted } from './send.ts';
import { openState } from './state.ts';
import { createTally } from './tally.ts';

type Answer = (body: string, request: IncomingMessage, response: ServerResponse) => void;

let folder = '';
let url = '';
let answer: Answer;
let bodies: string[] = [];
let underWay = 0;
let mostUnderWay = 0;
let holdMs = 0;
const waits: number[] = [];
const server = createServer((request, response) => {
  mostUnderWay = Math.max(mostUnderWay, ++underWay);
  let body = '';
  request.setEncoding('utf8').on('data', (chunk) => {
    body += chunk;
  });
  request.on('end', () => {
    bodies.push(body);
    setTimeout(() => {
      underWay--;
      answer(body, request, response);
    }, holdMs);
  });
});

const reply = (response: ServerResponse, status: number, body: unknown, headers = {}) =>
  response.writeHead(status, { 'Content-Type': 'application/fhir+json', ...headers }).end(JSON.stringify(body));
const outcome = (diagnostics: string) => ({ resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'value', diagnostics }] });
const takeAll: Answer = (body, _, response) => {
  const entries = (JSON.parse(body) as { entry: unknown[] }).entry;
  reply(response, 200, { entry: entries.map((__, n) => ({ response: { status: '201', location: `Basic/${n}/_history/1` } })) });
};
const bundle = (type: string, ...ids: string[]) =>
  JSON.stringify({ resourceType: 'Bundle', type, entry: ids.map((id) => ({ resource: { resourceType: 'Basic', id } })) });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'load-'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/fhir/R4`;
  answer = takeAll;
  bodies = [];
  waits.length = 0;
  mostUnderWay = 0;
  holdMs = 0;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

const put = (name: string, content: string | Buffer) => writeFile(join(folder, name), content);
const token = async () => 'T';
const sender = () => createSender({ url, token, maxAttempts: 5, sleepMs: async (ms) => waits.push(ms) });

async function load(concurrency = 2, withState = false) {
  const tally = createTally();
  const stages = (await findStages(folder)).map(async function* (files): AsyncIterable<LoadItem | Unloadable> {
    for (const file of files) yield* readItems(file);
  });
  const state = withState ? await openState(join(folder, '.state/load.ndjson.state')) : undefined;
  await runLoad({
    stages,
    concurrency,
    send: sender(),
    tally,
    progress: createProgress(0, { write: () => true }),
    ...(state && { state }),
  });
  return tally;
}

describe('what is read', () => {
  test('hospitals, then practitioners, then the rest; each stage after the one before', async () => {
    await put('Anna.json', bundle('transaction', 'a'));
    await put('practitionerInformation1.json.gz', gzipSync(bundle('batch', 'p')));
    await put('hospitalInformation1.json', bundle('batch', 'h'));
    await put('notes.txt', 'not loaded');
    const tally = await load(8);
    expect(bodies).toEqual([bundle('batch', 'h'), bundle('batch', 'p'), bundle('transaction', 'a')]);
    expect(tally.loaded()).toBe(3);
  });

  test('NDJSON goes as batches, each resource as it is written, put under its id', async () => {
    const lines = Array.from(
      { length: 450 },
      (_, n) => `{"resourceType":"Basic","id":"b${n}","extension":[{"url":"x","valueDecimal":1.00}]}`,
    );
    await put('Basic.ndjson', `${lines.join('\n')}\n\n{"resourceType":"Basic"}\nnonsense\n`);
    const tally = await load();
    expect(bodies).toHaveLength(3);
    const sent = bodies.join('');
    expect(lines.every((line, n) => sent.includes(`{"resource":${line},"request":{"method":"PUT","url":"Basic/b${n}"}}`))).toBe(true);
    expect(sent).toContain('{"resource":{"resourceType":"Basic"},"request":{"method":"POST","url":"Basic"}}');
    expect([tally.loaded(), tally.refused()]).toEqual([451, 1]);
    expect(tally.report(1).join('\n')).toContain('Basic.ndjson:453');
  });

  test('a batch holds at most about a megabyte', async () => {
    await put(
      'Big.ndjson',
      Array.from({ length: 5 }, (_, n) => JSON.stringify({ resourceType: 'Basic', id: `b${n}`, text: 'x'.repeat(400_000) })).join('\n'),
    );
    await load();
    expect(Math.max(...bodies.map((body) => body.length))).toBeLessThan(1_100_000);
    expect(bodies).toHaveLength(3);
  });

  test('other Bundles are not requests', async () => {
    await put('a.json', bundle('searchset', 'a'));
    expect((await load()).report(1).join()).toContain('"searchset" is not a request');
    expect(bodies).toEqual([]);
  });

  test('nothing to load, or no such folder, is said', async () => {
    await expect(load()).rejects.toThrow('no .json or .ndjson file');
    await expect(findStages(join(folder, 'no'))).rejects.toThrow('no such file');
  });
});

describe('what the server says', () => {
  test('503 and 429 are waited out as Retry-After says, with the same Idempotency-Key', async () => {
    await put('a.json', bundle('transaction', 'a'));
    const keys: unknown[] = [];
    answer = (body, request, response) => {
      keys.push(request.headers['idempotency-key']);
      if (keys.length <= 2) reply(response, keys.length === 1 ? 503 : 429, outcome('later'), { 'Retry-After': '3' });
      else takeAll(body, request, response);
    };
    expect((await load()).loaded()).toBe(1);
    expect(waits).toEqual([3000, 3000]);
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).toMatch(/^load-[0-9a-f]{64}$/);
  });

  test('a broken connection is tried again', async () => {
    await put('a.json', bundle('transaction', 'a'));
    answer = (body, request, response) => (bodies.length === 1 ? request.socket.destroy() : takeAll(body, request, response));
    expect((await load()).loaded()).toBe(1);
  });

  test('a refused transaction is counted with all its entries and its reason; the others go in', async () => {
    await put('a.json', bundle('transaction', 'a', 'b'));
    await put('b.json', bundle('transaction', 'c'));
    answer = (body, request, response) => (body.includes('"b"') ? reply(response, 400, outcome('no b')) : takeAll(body, request, response));
    const tally = await load();
    expect([tally.loaded(), tally.refused()]).toEqual([1, 2]);
    expect(tally.report(1)[1]).toBe('  2 × 400: no b  [a.json]');
  });

  test('refused entries of a batch are named', async () => {
    await put('a.json', bundle('batch', 'a', 'b'));
    answer = (_, __, response) =>
      reply(response, 200, { entry: [{ response: { status: '201 Created' } }, { response: { status: '422', outcome: outcome('bad') } }] });
    const tally = await load();
    expect([tally.loaded(), tally.refused()]).toEqual([1, 1]);
    expect(tally.report(1)[1]).toBe('  1 × 422: bad  [a.json entry[1]]');
  });

  test('an answer that lacks entries is no success', async () => {
    await put('a.json', bundle('batch', 'a', 'b'));
    answer = (_, __, response) => reply(response, 200, { entry: [{ response: { status: '201' } }] });
    const tally = await load();
    expect([tally.loaded(), tally.refused()]).toEqual([1, 1]);
  });

  test('401 ends the load', async () => {
    await put('a.json', bundle('transaction', 'a'));
    answer = (_, __, response) => reply(response, 401, outcome('no token'));
    await expect(load()).rejects.toThrow(LoadAborted);
  });

  test('a server that is not there ends the load, after some tries', async () => {
    await put('a.json', bundle('transaction', 'a'));
    server.close();
    server.closeAllConnections();
    await expect(load()).rejects.toThrow("can't be reached");
    expect(waits).toHaveLength(4);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
});

describe('going on', () => {
  test('what is in is left out, what was refused is tried again, what changed is sent', async () => {
    await put('a.json', bundle('transaction', 'a'));
    await put('b.json', bundle('transaction', 'b'));
    answer = (body, request, response) => (body.includes('"b"') ? reply(response, 400, outcome('no b')) : takeAll(body, request, response));
    await load(1, true);
    answer = takeAll;
    bodies = [];
    const second = await load(1, true);
    expect(bodies).toEqual([bundle('transaction', 'b')]);
    expect([second.loaded(), second.skipped()]).toEqual([1, 1]);
    await put('a.json', bundle('transaction', 'a2'));
    bodies = [];
    await load(1, true);
    expect(bodies).toEqual([bundle('transaction', 'a2')]);
  });

  test('a line cut off by a crash is as if it were not there', async () => {
    const path = join(folder, 'state');
    await writeFile(path, '{"hash":"x","name":"a","location":"Basic/1"}\n{"hash":"y');
    const state = await openState(path);
    expect([state.size(), state.witness()]).toEqual([1, 'Basic/1']);
    await state.add({ name: 'b', hash: 'z', body: Buffer.alloc(0), entries: 1, bytes: 1 }, 'Basic/2');
    expect((await openState(path)).witness()).toBe('Basic/2');
  });

  test('never more Bundles under way than asked for', async () => {
    for (let n = 0; n < 6; n++) await put(`${n}.json`, bundle('transaction', `a${n}`));
    holdMs = 100;
    await load(3);
    expect(mostUnderWay).toBe(3);
  });
});

test('a bar on a terminal, lines elsewhere', () => {
  const out: string[] = [];
  let now = 0;
  const write = (text: string) => out.push(text);
  const bar = createProgress(100, { isTTY: true, write }, () => now);
  now = 1000;
  bar.update(50, 200);
  expect(out[0]).toBe(`\r[${'='.repeat(15)}${' '.repeat(15)}]  50 %  200 resources  200/s\x1b[K`);
  const lines = createProgress(100, { write }, () => now);
  lines.update(10, 1);
  now += 6000;
  lines.update(100, 600);
  expect(out.slice(1)).toEqual(['100 %  600 resources  100/s\n']);
});
