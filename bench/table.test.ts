import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Sample, summarise } from './summary.ts';
import { gatewayTable, rawTable, writeBetweenMarkers } from './table.ts';

const sample = (over: Partial<Sample>): Sample => ({
  phase: 'read',
  concurrency: 16,
  round: 1,
  calibrationMs: 20,
  requests: 100,
  units: 100,
  seconds: 1,
  p50Ms: 1,
  p95Ms: 2,
  p99Ms: 3,
  errors: 0,
  stallMs: 5,
  cpuMs: { gateway: 0.05, router: 0.02, shards: 0.03, config: 0, postgres: 0, other: 0 },
  cpuTotalMs: 0.1,
  unitsPerSecond: 100,
  rssStartMb: 1,
  rssEndMb: 1,
  othersCores: 0,
  ...over,
});

test('rounds become medians; raw work stays apart', () => {
  const lines = summarise([
    sample({ cpuTotalMs: 0.1 }),
    sample({ cpuTotalMs: 0.9, round: 2 }),
    sample({ cpuTotalMs: 0.2, round: 3 }),
    sample({ work: 'find batched', cpuTotalMs: 0.05 }),
  ]);
  expect(lines.map(({ work, cpuTotalMs, rounds, cpuSpreadMs }) => [work, cpuTotalMs, rounds, cpuSpreadMs])).toEqual([
    [undefined, 0.2, 3, [0.1, 0.9]],
    ['find batched', 0.05, 1, [0.05, 0.05]],
  ]);
  expect(rawTable(lines)).toContain('| read | find batched | 16 | 100 | 1.00 | **0.050** | 0.050 | 0.020 | 0.030 | 0.000 | 4.00× |');
});

test('an aim that is missed is marked', () => {
  expect(gatewayTable(summarise([sample({ cpuTotalMs: 0.1 })]))).toContain('| 1.03 | 10.3× | 8× |');
  expect(gatewayTable(summarise([sample({ cpuTotalMs: 0.2 })]))).toContain('| 1.03 | 5.1× ✗ | 8× |');
  expect(gatewayTable(summarise([sample({ cpuTotalMs: 0.5, concurrency: 1 })]))).toContain('| 1.03 | 2.1× | 1.5× |  |  |');
  expect(gatewayTable(summarise([sample({ unitsPerSecond: 5232 })]))).toContain('| 8× | 1744 | 3.0× |');
  expect(gatewayTable(summarise([sample({ unitsPerSecond: 5000 })]))).toContain('| 8× | 1744 | 2.9× ✗ |');
});

test('the table goes between its markers and nowhere else', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  const page = join(folder, 'page.md');
  await writeFile(page, 'a\n<!-- bench:x -->\nold\n<!-- /bench -->\nb\n<!-- bench:y -->\n<!-- /bench -->\n');
  await writeBetweenMarkers(page, 'x', 'new');
  expect(await readFile(page, 'utf8')).toBe('a\n<!-- bench:x -->\nnew\n<!-- /bench -->\nb\n<!-- bench:y -->\n<!-- /bench -->\n');
  await expect(writeBetweenMarkers(page, 'z', 'new')).rejects.toThrow('"z"');
  await rm(folder, { recursive: true });
});
