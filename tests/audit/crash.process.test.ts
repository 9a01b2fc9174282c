/** What was answered is on record, and stays so, whatever happens to the gateway. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { type GatewayProcess, gatewaysOfATest } from '../support/gateway-process.ts';
import { until } from '../support/until.ts';

const { freshFolder, start } = gatewaysOfATest();
const VERIFY = join(import.meta.dirname, '../../scripts/audit-verify.ts');

/** Reads, searches, refused and written ones, until the gateway is gone; gives the ids of those that were answered. */
async function load(gateway: GatewayProcess, worker: number, answered: string[]): Promise<void> {
  for (let n = 0; ; n++) {
    const id = `w${worker}-${n}`;
    const headers = { 'X-Request-Id': id };
    const body = n % 3 === 0 ? { resourceType: 'Patient', id: `p${worker}-${n}` } : undefined;
    const path = ['', `Patient/p${worker}-${n - 1}`, 'Patient?name=x'][n % 3] || `Patient/p${worker}-${n}`;
    const answer = await gateway.ask(body ? 'PUT' : 'GET', path, body, headers).catch(() => undefined);
    if (!answer) return;
    answered.push(id);
  }
}

async function requestsOnRecord(gateway: GatewayProcess): Promise<string[]> {
  const ids: string[] = [];
  for (let path: string | undefined = 'AuditEvent?_sort=date&_count=1000'; path; ) {
    const { json } = await gateway.ask('GET', path);
    for (const { resource } of json.entry ?? []) ids.push(resource.entity.at(-1).what.identifier.value);
    path = json.link.find(({ relation }: { relation: string }) => relation === 'next')?.url.slice(gateway.url.length + 1);
  }
  return ids;
}

function verify(dataDir: string): string {
  // Vitest sets BASE_URL for itself.
  const { BASE_URL: _, ...env } = process.env;
  return execFileSync(process.execPath, [VERIFY, '--data-dir', dataDir], { encoding: 'utf8', env });
}

describe('a gateway that is killed under load', () => {
  test('leaves an event for every request that it answered, once, and an audit without a gap', { timeout: 240_000 }, async () => {
    const dataDir = await freshFolder();
    const first = await start({ dataDir });
    const answered: string[] = [];
    const workers = [1, 2, 3, 4].map((worker) => load(first, worker, answered));
    await sleep(3_000);
    await first.end('SIGKILL');
    await Promise.all(workers);
    expect(answered.length).toBeGreaterThan(20);

    const second = await start({ dataDir });
    const onRecord = await requestsOnRecord(second);
    const times = Map.groupBy(onRecord, (id) => id);
    expect(answered.filter((id) => times.get(id)?.length !== 1)).toEqual([]);
    await second.end('SIGTERM');
    expect(verify(dataDir)).toMatch(/^✓ \d+ events in 1 chains against 1 signed roots/);
  });

  test('a write that it had not put on record gets its event from the next', { timeout: 240_000 }, async () => {
    const dataDir = await freshFolder();
    await (await start({ dataDir })).end('SIGKILL');
    // Stands for a gateway that dies between the commit and the record.
    const silent = await start({ dataDir, args: ['--no-audit'] });
    await silent.ask('PUT', 'Patient/unseen', { resourceType: 'Patient', id: 'unseen' }, { 'X-Request-Id': 'unrecorded' });
    await silent.ask('DELETE', 'Patient/unseen', undefined, { 'X-Request-Id': 'unrecorded-2' });
    await silent.end('SIGKILL');
    const next = await start({ dataDir });
    const found = async () => (await next.ask('GET', 'AuditEvent?entity=Patient/unseen&action=U,D&_sort=date')).json.entry ?? [];
    expect(await until(async () => (await found()).length === 2, 60_000, 500)).toBe(true);
    const written = (await found()).map(({ resource }: { resource: Record<string, unknown> }) => resource.action);
    expect(written.sort()).toEqual(['D', 'U']);
  });
});
