/** Start, restart and stop of the embedded default, as processes. */
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { findFreePorts } from '../../src/embedded/free-ports.ts';
import { until } from '../support/until.ts';
import { descendantsOf, type GatewayProcess, processesWith, startGateway } from './gateway-process.ts';

const parent = mkdtempSync(join(tmpdir(), 'meridian-test-lifecycle-'));
chmodSync(parent, 0o711);
const dataDir = join(parent, 'data');
const [port = 0, otherPort = 0] = await findFreePorts(2);
const flags = ['--port', String(port), '--data-dir', dataDir, '--shards', '2'];
const READY = 'Meridian is ready';
const started: GatewayProcess[] = [];

function start(args: readonly string[] = flags, script?: string, variables?: NodeJS.ProcessEnv): GatewayProcess {
  const gateway = startGateway(args, script, variables);
  started.push(gateway);
  return gateway;
}

async function engineLeftOvers(withinMs: number): Promise<number[]> {
  await until(() => processesWith(`${dataDir}/`).length === 0, withinMs, 100);
  return processesWith(`${dataDir}/`);
}

const statusOf = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).status;

afterEach(async () => {
  for (const { child, ended } of started.splice(0)) {
    if (child.exitCode === null) child.kill('SIGKILL');
    await ended();
  }
  await engineLeftOvers(15_000);
});
afterAll(() => rmSync(parent, { recursive: true, force: true, maxRetries: 5 }));

describe('the process', () => {
  test('gets ready, has every engine below it, refuses a second one, and stops in order on SIGTERM', async () => {
    const gateway = start();
    const line = await gateway.line(READY);
    expect(line).toContain(`at http://127.0.0.1:${port}/fhir/R4`);
    expect(line).toContain(`npm run -s token -- --scope 'system/*.cruds' --port ${port} --data-dir ${dataDir}`);
    expect([await statusOf('/health/live'), await statusOf('/health/ready'), await statusOf('/fhir/R4/metadata')]).toEqual([200, 200, 200]);

    const engines = processesWith(`${dataDir}/`).filter((pid) => pid !== gateway.child.pid);
    expect(engines.length).toBeGreaterThanOrEqual(4);
    expect(descendantsOf(gateway.child.pid ?? 0)).toEqual(expect.arrayContaining(engines));

    const second = start(['--port', String(otherPort), '--data-dir', dataDir]);
    expect(await second.ended()).toBe(1);
    expect(second.output()).toMatch(new RegExp(`✗ The data folder .* is used by the gateway at http://127.0.0.1:${port}/fhir/R4`));
    const third = start(['--port', String(port), '--ephemeral'], undefined, { TMPDIR: parent });
    expect(await third.ended()).toBe(1);
    expect(third.output()).toContain(`✗ Port ${port} is in use`);
    expect(readdirSync(parent), 'it left its temporary folder behind').toEqual(['data']);

    const asked = performance.now();
    gateway.child.kill('SIGTERM');
    expect(await gateway.ended()).toBe(0);
    expect(performance.now() - asked).toBeLessThan(10_000);
    expect(await engineLeftOvers(0)).toEqual([]);
    expect(existsSync(join(dataDir, 'gateway.lock'))).toBe(false);
  });

  test('killed outright, takes its engines with it and starts again on the same data', async () => {
    const killed = start();
    await killed.line(READY);
    killed.child.kill('SIGKILL');
    expect(await killed.ended()).toBe('SIGKILL');

    const successor = start();
    await successor.line(READY);
    expect(await statusOf('/health/ready')).toBe(200);
    successor.child.kill('SIGINT');
    expect(await successor.ended()).toBe(0);
  });

  test('asked to stop while it starts, stops', async () => {
    const gateway = start();
    await gateway.line('mongod processes answer');
    gateway.child.kill('SIGTERM');
    expect(await gateway.ended()).toBe(0);
    expect(await engineLeftOvers(0)).toEqual([]);
  });

  test('started by the bootstrap script, stops when that is killed', async () => {
    const bootstrap = start(['start', ...flags], 'scripts/bootstrap.mjs');
    await bootstrap.line(READY);
    bootstrap.child.kill('SIGKILL');
    expect(await engineLeftOvers(10_000)).toEqual([]);
  });
});

test('a flag that is wrong is told in one line', async () => {
  const gateway = start(['--shards', 'many']);
  expect(await gateway.ended()).toBe(1);
  expect(gateway.output()).toBe('✗ --shards must be a whole number from 0 to 16, not "many".\n');
});
