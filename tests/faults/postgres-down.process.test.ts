/** What goes on without PostgreSQL: silent (its processes stopped), or dead (its postmaster killed) and started again. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { descendantsOf } from '../lifecycle/gateway-process.ts';
import { type Answer, type GatewayProcess, startGatewayProcess } from '../support/gateway-process.ts';

let dataDir: string;
let gateway: GatewayProcess;
let patient: string;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'meridian-no-postgres-'));
  gateway = await startGatewayProcess({ dataDir, args: ['--shards', '0'] });
  patient = (await gateway.ask('POST', 'Patient', { resourceType: 'Patient' })).json.id;
  expect((await gateway.ask('POST', 'Observation', observation())).status).toBe(201);
  expect((await gateway.ask('POST', 'Encounter', encounter())).status).toBe(201);
}, 120_000);

afterAll(async () => {
  await gateway?.end('SIGTERM');
  await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
}, 60_000);

const observation = () => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'x' },
  subject: { reference: `Patient/${patient}` },
});
const encounter = () => ({
  resourceType: 'Encounter',
  status: 'finished',
  class: { code: 'AMB' },
  subject: { reference: `Patient/${patient}` },
});

/** Every process of the server; its postmaster is the one whose parent is none of them. */
function serverProcesses(): { readonly all: readonly number[]; readonly postmaster: number } {
  const statOf = (pid: number) => readFileSync(`/proc/${pid}/stat`, 'utf8');
  const parentOf = (pid: number) =>
    Number(
      statOf(pid)
        .replace(/^.*\) /s, '')
        .split(' ')[1],
    );
  const all = descendantsOf(gateway.pid).filter((pid) => statOf(pid).includes('(postgres)'));
  const postmaster = all.find((pid) => !all.includes(parentOf(pid)));
  if (!postmaster) throw new Error('no PostgreSQL runs');
  return { all, postmaster };
}

/** Undefined while none runs, or while processes come and go. */
function postmasterNow(): number | undefined {
  try {
    return serverProcesses().postmaster;
  } catch {
    return undefined;
  }
}

async function readyAs(status: string): Promise<unknown> {
  const health = gateway.url.replace('/fhir/R4', '/health/ready');
  for (let n = 0; n < 150; n++, await sleep(200)) {
    const told = (await (await fetch(health)).json()) as { status: string; troubled: unknown };
    if (told.status === status) return told.troubled;
  }
  throw new Error(`does not become ${status}`);
}

const outcomesIn = ({ json }: Answer): string =>
  (json.entry ?? [])
    .filter(({ resource }: { resource: { resourceType: string } }) => resource.resourceType === 'OperationOutcome')
    .flatMap(({ resource }: { resource: { issue: { diagnostics: string }[] } }) => resource.issue)
    .map(({ diagnostics }: { diagnostics: string }) => diagnostics)
    .join();

function expectUnavailable({ status, headers, json, text }: Answer): void {
  expect(status, text).toBe(503);
  expect(Number(headers.get('Retry-After'))).toBeGreaterThan(0);
  expect(json).toMatchObject({ resourceType: 'OperationOutcome' });
  expect(json.issue[0].diagnostics).toContain('PostgreSQL');
}

describe('PostgreSQL is silent', () => {
  test('nobody waits for it for long, the clinical part goes on, and its return is noticed', { timeout: 120_000 }, async () => {
    const { all } = serverProcesses();
    for (const pid of all) process.kill(pid, 'SIGSTOP');
    try {
      const waiting = await Promise.all([gateway.ask('POST', 'Encounter', encounter()), gateway.ask('GET', 'Encounter?status=finished')]);
      for (const answer of waiting) expectUnavailable(answer);
      expect(await readyAs('degraded')).toEqual([{ name: 'PostgreSQL', state: 'down' }]);

      const startedAt = performance.now();
      const refused = await Promise.all([
        gateway.ask('POST', 'Encounter', encounter()),
        gateway.ask('GET', 'Encounter?status=finished'),
        gateway.ask('GET', 'Encounter/unknown'),
        gateway.ask('POST', 'Claim', claim()),
      ]);
      for (const answer of refused) expectUnavailable(answer);
      expect(performance.now() - startedAt).toBeLessThan(5_000);

      expect((await gateway.ask('GET', `Patient/${patient}`)).status).toBe(200);
      expect((await gateway.ask('GET', `Observation?subject=Patient/${patient}`)).json.entry).toHaveLength(1);
      const written = await gateway.ask('POST', 'Observation', observation());
      expect(written.status, written.text).toBe(201);

      const everything = await gateway.ask('GET', `Patient/${patient}/$everything`);
      expect(everything.status, everything.text).toBe(200);
      expect(new Set(everything.json.entry.map(({ resource }: { resource: { resourceType: string } }) => resource.resourceType))).toEqual(
        new Set(['Patient', 'Observation', 'OperationOutcome']),
      );
      expect(outcomesIn(everything)).toContain('PostgreSQL');
      expectUnavailable(await gateway.ask('GET', `Patient/${patient}/$everything`, undefined, { Prefer: 'handling=strict' }));

      const half = { ...written.json, id: undefined, code: { text: 'half' } };
      const entry = [half, encounter()].map((resource) => ({ resource, request: { method: 'POST', url: resource.resourceType } }));
      expectUnavailable(await gateway.ask('POST', '', { resourceType: 'Bundle', type: 'transaction', entry }));
    } finally {
      for (const pid of all) process.kill(pid, 'SIGCONT');
    }
    await readyAs('ready');
    expect((await gateway.ask('POST', 'Encounter', encounter())).status).toBe(201);
    expect((await gateway.ask('GET', 'Observation?code:text=half')).json.entry ?? []).toEqual([]);
    expect(outcomesIn(await gateway.ask('GET', `Patient/${patient}/$everything`))).toBe('');
  });
});

describe('the postmaster is killed', () => {
  test('a write is acknowledged or refused, the server comes back by itself, with all that was acknowledged', {
    timeout: 120_000,
  }, async () => {
    const acknowledged: string[] = [];
    const refused: Answer[] = [];
    const killed = serverProcesses().postmaster;
    process.kill(killed, 'SIGKILL');
    const isBack = () => (postmasterNow() ?? killed) !== killed;
    for (const giveUpAt = performance.now() + 60_000; performance.now() < giveUpAt && !(isBack() && acknowledged.length > 20); ) {
      const answer = await gateway.ask('POST', 'Encounter', encounter());
      if (answer.status === 201) acknowledged.push(answer.json.id);
      else refused.push(answer);
      expect((await gateway.ask('GET', `Patient/${patient}`)).status).toBe(200);
      await sleep(20);
    }
    for (const answer of refused) expectUnavailable(answer);
    expect(isBack()).toBe(true);
    expect(acknowledged.length).toBeGreaterThan(20);
    await readyAs('ready');
    for (const id of acknowledged) expect((await gateway.ask('GET', `Encounter/${id}`)).status).toBe(200);
  });
});

const claim = () => ({
  resourceType: 'Claim',
  status: 'active',
  type: { text: 'x' },
  use: 'claim',
  patient: { reference: `Patient/${patient}` },
  created: '2024-01-01',
  provider: { display: 'x' },
  priority: { text: 'normal' },
  insurance: [{ sequence: 1, focal: true, coverage: { display: 'x' } }],
});
