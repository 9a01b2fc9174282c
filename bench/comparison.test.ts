import { expect, test } from 'vitest';
import { comparison, type Result } from './comparison.ts';
import type { Line } from './summary.ts';

const line = (over: Partial<Line>): Line => ({
  phase: 'read',
  concurrency: 16,
  rounds: 1,
  unitsPerSecond: 1000,
  p50Ms: 2,
  p95Ms: 3,
  p99Ms: 4,
  cpuMs: { gateway: 0, router: 0, shards: 0, config: 0, postgres: 0, other: 0 },
  cpuTotalMs: 1,
  cpuSpreadMs: [1, 1],
  rssEndMb: 100,
  errors: 0,
  ...over,
});
const result = (name: string, ...lines: Line[]): Result => ({ name, at: '2026-11-21T15:16:40.000Z', lines });

test('ours stand beside each rival, with the ratio to each and what is wanted', () => {
  const rivals = [result('theirs', line({ cpuTotalMs: 2 })), result('theirs uncached', line({ cpuTotalMs: 3 }), line({ phase: 'create' }))];
  const text = comparison(rivals, [result('ours', line({ cpuTotalMs: 0.5, unitsPerSecond: 4000 }))]);
  expect(text).toContain('| CPU ms, 16 clients | theirs | theirs uncached | ours | cheaper | wanted |');
  expect(text).toContain('| read | 2.00 | 3.00 | **0.500** | 4.0× / 6.0× | 8× |');
  expect(text).toContain('| read | 1000 (2.00) | 1000 (2.00) | 4000 (2.00) |');
  // What was not measured is left empty.
  expect(text).toMatch(/^\| create \| {2}\| 1\.00 \| {2}\| {2}\| 8× \|$/m);
});

test('at one client the aim is the one for one client', () => {
  const one = line({ concurrency: 1 });
  expect(comparison([result('theirs', one)], [result('ours', one)])).toContain('| read | 1.00 | **1.00** | 1.0× | 1.5× |');
});
