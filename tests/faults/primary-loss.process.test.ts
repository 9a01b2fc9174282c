/** A shard's primary killed under writes: nothing acknowledged is lost, nothing is there twice, and writing goes on. */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.ts';

const SHARDS = 2;
let dataDir: string;
let gateway: GatewayProcess;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'meridian-primary-'));
  gateway = await startGatewayProcess({ dataDir, args: ['--shards', String(SHARDS), '--members', '3'] });
}, 180_000);

afterAll(async () => {
  await gateway?.end('SIGTERM');
  await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
}, 60_000);

interface Part {
  readonly name: string;
  readonly valueString?: string;
  readonly part?: readonly Part[];
}

const valueIn = (parts: readonly Part[] | undefined, name: string) => parts?.find((part) => part.name === name)?.valueString;

/** `host:port` of a shard's primary, as `$replica` tells it. */
async function primaryOf(shard: string): Promise<string> {
  const sets: Part[] = (await gateway.ask('GET', '$replica')).json.parameter;
  const members = sets.find(({ part }) => valueIn(part, 'name') === shard)?.part?.filter(({ name }) => name === 'member');
  const host = valueIn(members?.find(({ part }) => valueIn(part, 'state') === 'PRIMARY')?.part, 'host');
  if (!host) throw new Error(`${shard} has no primary`);
  return host;
}

function processAt(host: string): number {
  const port = host.slice(host.indexOf(':') + 1);
  const pids = execFileSync('pgrep', ['-f', '--', `--dbpath ${dataDir}/`], { encoding: 'utf8' })
    .split('\n')
    .filter(Boolean);
  const isOurs = (pid: string) => {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return (
      words.some((word) => word.startsWith(dataDir)) && (words[words.indexOf('--port') + 1] === port || words.includes(`--port=${port}`))
    );
  };
  const pid = pids.find(isOurs);
  if (!pid) throw new Error(`no mongod listens on ${host}`);
  return Number(pid);
}

describe('a shard that loses its primary', () => {
  test.each(Array.from({ length: SHARDS }, (_, n) => `shard_${n}`))(
    '%s: every acknowledged write survives',
    { timeout: 120_000 },
    async (shard) => {
      const acknowledged = new Map<string, string>();
      let isOver = false;
      let refused = 0;
      let lastAnswerAt = performance.now();
      let longestGapMs = 0;
      const worker = async (number: number) => {
        for (let n = 0; !isOver; n++) {
          const value = `${shard}-${number}-${n}`;
          const resource = { resourceType: 'Patient', identifier: [{ system: 'urn:test:primary', value }] };
          const answer = await gateway.ask('POST', 'Patient', resource);
          if (answer.status === 201) {
            acknowledged.set(value, answer.json.id);
            longestGapMs = Math.max(longestGapMs, performance.now() - lastAnswerAt);
            lastAnswerAt = performance.now();
          } else {
            expect(answer.status, answer.text).toBe(503);
            expect(answer.headers.get('Retry-After')).toBeTruthy();
            refused++;
            await sleep(100);
          }
        }
      };
      const workers = [0, 1, 2, 3].map(worker);
      await sleep(1000);
      process.kill(processAt(await primaryOf(shard)), 'SIGKILL');
      await sleep(8000);
      isOver = true;
      await Promise.all(workers);

      const afterwards = await gateway.ask('POST', 'Patient', { resourceType: 'Patient' });
      expect(afterwards.status).toBe(201);
      process.stdout.write(`${shard}: ${acknowledged.size} acknowledged, ${refused} refused, longest gap ${Math.round(longestGapMs)} ms\n`);
      expect(acknowledged.size).toBeGreaterThan(0);
      for (const [value, id] of acknowledged) {
        const found = (await gateway.ask('GET', `Patient?identifier=urn:test:primary|${value}`)).json;
        expect(
          found.entry?.map((entry: { resource: { id: string } }) => entry.resource.id),
          value,
        ).toEqual([id]);
      }
    },
  );
});
