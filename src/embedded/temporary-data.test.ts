import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { lockDataDir } from './lock.ts';
import { makeTemporaryData, removeTemporaryData } from './temporary-data.ts';

const parent = mkdtempSync(join(tmpdir(), 'temporary-data-test-'));
afterAll(() => rmSync(parent, { recursive: true }));

test('folders of killed gateways go; those in use, not yet locked, or not ours stay', () => {
  const used = makeTemporaryData(parent);
  const release = lockDataDir(used, 'http://127.0.0.1:1/fhir/R4');
  const unlocked = makeTemporaryData(parent);
  const abandoned = join(parent, 'meridian-killed');
  const foreign = join(parent, 'meridian-other');
  for (const folder of [abandoned, foreign]) mkdirSync(folder);
  writeFileSync(join(abandoned, 'gateway.lock'), JSON.stringify({ pid: 4_194_305, startTime: '1', baseUrl: '' }));
  writeFileSync(join(foreign, 'gateway.lock'), 'not our lock');
  const made = makeTemporaryData(parent);
  expect([used, unlocked, abandoned, foreign, made].map((folder) => existsSync(folder))).toEqual([true, true, false, true, true]);
  release();
  removeTemporaryData(made);
  expect(existsSync(made)).toBe(false);
});
