/**
 * `npm run bench`: what a request costs. Starts the embedded default, sends it checked requests in phases, and sums the CPU
 * of gateway, router, MongoDB and PostgreSQL over each; beside it, what the drivers alone need for the same storage work.
 *
 * CPU per request is the figure to compare: it hardly depends on what else the machine does. See docs/performance.md.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { calibrate } from './calibrate.ts';
import { createClient } from './client.ts';
import { type Gateway, startGateway } from './gateway.ts';
import { describeMachine, type Machine } from './machine.ts';
import { measure, median, runLoop, STALLED_MS } from './measure.ts';
import { type BenchOptions, HELP, readOptions } from './options.ts';
import { findFarPage, isPagePhase } from './page-phases.ts';
import { type Phase, preparePhase } from './phases.ts';
import { cpuBetween, residentMb, sampleCpu, totalCpu } from './processes.ts';
import { FLOORS } from './raw/work.ts';
import { type RawDrivers, startRawDrivers } from './raw-process.ts';
import { prepareScene, type Scene } from './scene.ts';
import { isSearchPhase } from './search-phases.ts';
import { runSoak } from './soak.ts';
import { type Sample, summarise } from './summary.ts';
import { gatewayTable, latencyLines, rawTable, writeBetweenMarkers } from './table.ts';

const ROOT = join(import.meta.dirname, '..');
const WARM_UP_SECONDS = 3;
const MOST_CLIENTS = 64;
/** Of one measurement, when the machine stands still. */
const MOST_ATTEMPTS = 4;
/** More than can be loaded in a phase: 100 resources each. */
const BUNDLES_PER_SECOND = 40;

const say = (text: string) => process.stderr.write(`· ${text}\n`);

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (!options) return console.log(HELP);
  say(`starting the embedded default with ${options.shards} shards`);
  const gateway = await startGateway({ ...options, args: options.gatewayArgs });
  const stopOnSignal = () => void gateway.stop().finally(() => process.exit(130));
  process.once('SIGINT', stopOnSignal).once('SIGTERM', stopOnSignal);
  try {
    say(`ready after ${gateway.startSeconds.toFixed(1)} s, ${residentMb(gateway.pid)} MB; loading`);
    const client = createClient(gateway.url, gateway.token, MOST_CLIENTS);
    const searchPatients = options.phases.some((phase) => isSearchPhase(phase) || isPagePhase(phase)) ? options.searchPatients : 0;
    const loaded = await prepareScene(client, options.seed, searchPatients);
    const farPage = options.phases.includes('page-far') ? await findFarPage(client) : undefined;
    if (farPage) say(`page-far is page ${farPage.number} of 100 observations each`);
    const scene = { ...loaded, ...(farPage && { farPage }) };
    if (options.soakMinutes > 0) await soak(gateway, scene, options);
    else await compare(gateway, scene, options);
    await client.close();
  } finally {
    await gateway.stop();
  }
}

async function soak(gateway: Gateway, scene: Scene, options: BenchOptions): Promise<void> {
  const result = await runSoak(scene, { pid: gateway.pid, minutes: options.soakMinutes, resources: options.resources, say });
  console.log(
    `most memory ${result.rssMaxMb} MB; growth ${result.growthMbPerHour} MB an hour; ${result.resources} resources loaded before`,
  );
  if (options.save) await save(`soak-shards-${options.shards}`, { kind: 'soak', shards: options.shards, ...result });
  if (result.firstError) throw new Error(`a wrong answer: ${result.firstError}`);
}

async function compare(gateway: Gateway, scene: Scene, options: BenchOptions): Promise<void> {
  await warmUp(scene, options);
  const idle = await idleCpu(gateway);
  const raw = options.raw ? await startRawDrivers(await gateway.engines()) : undefined;
  const samples: Sample[] = [];
  try {
    for (let round = 1; round <= options.rounds; round++) {
      for (const concurrency of options.clients) {
        for (const phase of options.phases) {
          samples.push(await measureGateway(gateway, scene, { phase, concurrency, round, seconds: options.seconds }));
          if (raw) samples.push(...(await measureRaw(gateway, raw, { phase, concurrency, round, seconds: options.seconds })));
        }
      }
    }
  } finally {
    await raw?.stop();
  }
  await report(gateway, options, samples, idle);
}

/** Lets the just-in-time compiler and the caches settle. */
async function warmUp(scene: Scene, { phases, seconds }: BenchOptions): Promise<void> {
  say('warming up');
  for (const phase of phases) {
    const { operation, isOver } = preparePhase(phase, scene, 20);
    await runLoop({ operation, concurrency: 16, seconds: Math.min(WARM_UP_SECONDS, seconds), ...(isOver && { isOver }) });
  }
}

/** CPU of all processes in milliseconds a second when nothing is asked: part of every figure below. */
async function idleCpu(gateway: Gateway): Promise<number> {
  await sleep(2000);
  const before = sampleCpu(gateway.pid);
  await sleep(3000);
  return Math.round(totalCpu(cpuBetween(before, sampleCpu(gateway.pid))) / 3);
}

interface Turn {
  readonly phase: Phase;
  readonly concurrency: number;
  readonly round: number;
  readonly seconds: number;
}

async function measureGateway(gateway: Gateway, scene: Scene, turn: Turn, attempt = 1): Promise<Sample> {
  const { phase, concurrency, round, seconds } = turn;
  const isLast = attempt >= MOST_ATTEMPTS;
  const { operation, isOver } = preparePhase(phase, scene, Math.ceil(seconds * BUNDLES_PER_SECOND));
  const load = { operation, concurrency, seconds, ...(isOver && { isOver }) };
  const calibrationMs = calibrate();
  const measured = await measure(() => runLoop(load), gateway.pid);
  if (measured.stallMs > STALLED_MS && !isLast) {
    say(`the machine stood still for ${(measured.stallMs / 1000).toFixed(1)} s: once more`);
    return measureGateway(gateway, scene, turn, attempt + 1);
  }
  const sample: Sample = { ...measured, phase, concurrency, round, calibrationMs };
  say(lineOf(sample, phase));
  return sample;
}

async function measureRaw(gateway: Gateway, raw: RawDrivers, { phase, concurrency, round, seconds }: Turn): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (const work of FLOORS[phase] ?? []) {
    if (work.endsWith('batched') && concurrency === 1) continue;
    const calibrationMs = calibrate();
    const measured = await measure(() => raw.run({ work, concurrency, seconds: seconds / 2 }), gateway.pid, raw.pid);
    const sample: Sample = { ...measured, phase, concurrency, round, work, calibrationMs };
    say(lineOf(sample, `  raw ${work}`));
    samples.push(sample);
  }
  return samples;
}

function lineOf(
  { concurrency, round, unitsPerSecond, p50Ms, p99Ms, cpuTotalMs, cpuMs, rssEndMb, errors, firstError }: Sample,
  name: string,
): string {
  const parts = Object.entries(cpuMs).map(([role, ms]) => `${role} ${ms.toFixed(3)}`);
  const wrong = errors > 0 ? ` · ${errors} WRONG: ${firstError}` : '';
  return `${round} ${name} ×${concurrency}: ${unitsPerSecond}/s, p50 ${p50Ms.toFixed(2)}, p99 ${p99Ms.toFixed(2)} ms, CPU ${cpuTotalMs.toFixed(3)} ms (${parts.join(', ')}), ${rssEndMb} MB${wrong}`;
}

async function report(gateway: Gateway, options: BenchOptions, samples: readonly Sample[], idleCpuMsPerSecond: number): Promise<void> {
  const lines = summarise(samples);
  const machine = describeMachine();
  const about = describe(options, machine, samples, idleCpuMsPerSecond);
  const text = [about, '', gatewayTable(lines), '', ...latencyLines(lines), '', ...(options.raw ? [rawTable(lines), ''] : [])].join('\n');
  console.log(text);
  if (options.save) {
    const { gatewayArgs, profileDir, ...asked } = options;
    const startSeconds = gateway.startSeconds;
    await save(`shards-${options.shards}`, {
      kind: 'phases',
      machine,
      options: asked,
      startSeconds,
      idleCpuMsPerSecond,
      summary: lines,
      samples,
    });
    await writeBetweenMarkers(join(ROOT, 'docs/performance.md'), `shards-${options.shards}`, text);
  }
  const wrong = samples.filter(({ errors }) => errors > 0);
  if (wrong.length > 0) throw new Error(`wrong answers in ${wrong.length} measurements, such as: ${wrong[0]?.firstError}`);
}

function describe(options: BenchOptions, machine: Machine, samples: readonly Sample[], idleCpuMsPerSecond: number): string {
  const others = median(samples.map(({ othersCores }) => othersCores));
  return [
    `${new Date().toISOString().slice(0, 10)}: ${machine.cores} cores (${machine.cpu}), ${machine.memoryGb} GB, Node ${machine.node};`,
    options.shards === 0 ? 'one replica set, no router;' : `${options.shards} shards behind the router, ${options.members} member each;`,
    `${options.rounds} rounds of ${options.seconds} s a phase, medians.`,
    `Idle, all processes together use ${idleCpuMsPerSecond} ms of CPU a second.`,
    `Everything else on the machine kept ${others.toFixed(2)} cores busy (median)${others > 0.2 ? ': figures are too high, run it again on a quiet machine' : ''}.`,
  ].join('\n');
}

async function save(name: string, result: object): Promise<void> {
  const at = new Date().toISOString();
  const folder = join(ROOT, 'bench/results');
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${at.slice(0, 16).replaceAll(':', '')}-${name}.json`);
  await writeFile(file, resultText({ at, ...result }));
  say(`written: ${file.slice(ROOT.length + 1)}`);
}

/** JSON with one measurement on a line, so that results can be read and compared as text. */
function resultText({ samples, ...rest }: { samples?: unknown } & Record<string, unknown>): string {
  const head = JSON.stringify(rest, null, 1);
  if (!Array.isArray(samples)) return `${head}\n`;
  const lines = samples.map((sample) => `  ${JSON.stringify(sample)}`);
  return `${head.slice(0, -2)},\n "samples": [\n${lines.join(',\n')}\n ]\n}\n`;
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
