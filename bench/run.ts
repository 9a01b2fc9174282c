/**
 * `npm run bench`: what a request costs. Starts the embedded default, sends it checked requests in phases, and sums the CPU
 * of gateway, router, MongoDB and PostgreSQL over each; beside it, what the drivers alone need for the same storage work.
 *
 * CPU per request is the figure to compare: it hardly depends on what else the machine does. See docs/performance.md.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { attach, type Subject } from './against.ts';
import { calibrate } from './calibrate.ts';
import { bearer, createClient } from './client.ts';
import { type Gateway, startGateway } from './gateway.ts';
import { describeMachine, type Machine } from './machine.ts';
import { measure, median, runLoop, STALLED_MS } from './measure.ts';
import { type BenchOptions, HELP, nameOf, readOptions } from './options.ts';
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
const MOST_CLIENTS = 64;
/** Of one measurement, when the machine stands still. */
const MOST_ATTEMPTS = 4;
/** More than can be loaded in a phase: 100 resources each. */
const BUNDLES_PER_SECOND = 40;
/** Bundles take memory: a warm-up that uses them up is over. */
const BUNDLES_PER_WARM_UP_SECOND = 7;

const say = (text: string) => process.stderr.write(`· ${text}\n`);

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (!options) return console.log(HELP);
  if (options.against) return run(await attach(options.against), options);
  say(`starting the embedded default with ${options.shards} shards`);
  const gateway = await startGateway({ ...options, args: options.gatewayArgs });
  const stopOnSignal = () => void gateway.stop().finally(() => process.exit(130));
  process.once('SIGINT', stopOnSignal).once('SIGTERM', stopOnSignal);
  try {
    say(`ready after ${gateway.startSeconds.toFixed(1)} s, ${residentMb(gateway.pid)} MB`);
    await run({ url: gateway.url, headers: bearer(gateway.token), pids: [gateway.pid] }, options, gateway);
  } finally {
    await gateway.stop();
  }
}

/** `gateway` is the subject, if the benchmark started it. */
async function run(subject: Subject, options: BenchOptions, gateway?: Gateway): Promise<void> {
  say('loading');
  const client = createClient(subject.url, subject.headers, MOST_CLIENTS);
  try {
    const searchPatients = options.phases.some((phase) => isSearchPhase(phase) || isPagePhase(phase)) ? options.searchPatients : 0;
    const loaded = await prepareScene(client, options.seed, searchPatients);
    const farPage = options.phases.includes('page-far') ? await findFarPage(client) : undefined;
    if (farPage) say(`page-far is page ${farPage.number} of 100 observations each`);
    const scene = { ...loaded, ...(farPage && { farPage }) };
    if (options.soakMinutes > 0) await soak(subject, scene, options);
    else await compare(subject, scene, options, gateway);
  } finally {
    await client.close();
  }
}

async function soak({ pids: [pid = 0] }: Subject, scene: Scene, options: BenchOptions): Promise<void> {
  const result = await runSoak(scene, { pid, minutes: options.soakMinutes, resources: options.resources, say });
  console.log(
    `most memory ${result.rssMaxMb} MB; growth ${result.growthMbPerHour} MB an hour; ${result.resources} resources loaded before`,
  );
  if (options.save) await save(`soak-${options.name}`, { kind: 'soak', shards: options.shards, ...result });
  if (result.firstError) throw new Error(`a wrong answer: ${result.firstError}`);
}

async function compare(subject: Subject, scene: Scene, options: BenchOptions, gateway?: Gateway): Promise<void> {
  await warmUp(scene, options);
  const idle = await idleCpu(subject);
  const raw = options.raw && gateway ? await startRawDrivers(await gateway.engines()) : undefined;
  const samples: Sample[] = [];
  say('measuring');
  try {
    for (let round = 1; round <= options.rounds; round++) {
      for (const concurrency of options.clients) {
        for (const phase of options.phases) {
          samples.push(await measureSubject(subject, scene, { phase, concurrency, round, seconds: options.seconds }));
          if (raw) samples.push(...(await measureRaw(subject, raw, { phase, concurrency, round, seconds: options.seconds })));
        }
      }
    }
  } finally {
    await raw?.stop();
  }
  await report(options, samples, { idleCpuMsPerSecond: idle, ...(gateway && { startSeconds: gateway.startSeconds }) });
}

/** Lets the just-in-time compiler and the caches settle. */
async function warmUp(scene: Scene, { phases, warmUpSeconds }: BenchOptions): Promise<void> {
  say('warming up');
  for (const phase of phases) {
    const { operation, isOver } = preparePhase(phase, scene, Math.ceil(warmUpSeconds * BUNDLES_PER_WARM_UP_SECOND));
    await runLoop({ operation, concurrency: 16, seconds: warmUpSeconds, ...(isOver && { isOver }) });
  }
}

/** CPU of all processes in milliseconds a second when nothing is asked: part of every figure below. */
async function idleCpu({ pids }: Subject): Promise<number> {
  await sleep(2000);
  const before = sampleCpu(...pids);
  await sleep(3000);
  return Math.round(totalCpu(cpuBetween(before, sampleCpu(...pids))) / 3);
}

interface Turn {
  readonly phase: Phase;
  readonly concurrency: number;
  readonly round: number;
  readonly seconds: number;
}

async function measureSubject(subject: Subject, scene: Scene, turn: Turn, attempt = 1): Promise<Sample> {
  const { phase, concurrency, round, seconds } = turn;
  const isLast = attempt >= MOST_ATTEMPTS;
  const { operation, isOver } = preparePhase(phase, scene, Math.ceil(seconds * BUNDLES_PER_SECOND));
  const load = { operation, concurrency, seconds, ...(isOver && { isOver }) };
  const calibrationMs = calibrate();
  const measured = await measure(() => runLoop(load), subject.pids);
  if (measured.stallMs > STALLED_MS && !isLast) {
    say(`the machine stood still for ${(measured.stallMs / 1000).toFixed(1)} s: once more`);
    return measureSubject(subject, scene, turn, attempt + 1);
  }
  const sample: Sample = { ...measured, phase, concurrency, round, calibrationMs };
  say(lineOf(sample, phase));
  return sample;
}

async function measureRaw({ pids }: Subject, raw: RawDrivers, { phase, concurrency, round, seconds }: Turn): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (const work of FLOORS[phase] ?? []) {
    if (work.endsWith('batched') && concurrency === 1) continue;
    const calibrationMs = calibrate();
    const measured = await measure(() => raw.run({ work, concurrency, seconds: seconds / 2 }), pids, raw.pid);
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

interface Circumstances {
  readonly idleCpuMsPerSecond: number;
  readonly startSeconds?: number;
}

async function report(options: BenchOptions, samples: readonly Sample[], circumstances: Circumstances): Promise<void> {
  const lines = summarise(samples);
  const machine = describeMachine();
  const about = describe(options, machine, samples, circumstances.idleCpuMsPerSecond);
  const text = [about, '', gatewayTable(lines), '', ...latencyLines(lines), '', ...(options.raw ? [rawTable(lines), ''] : [])].join('\n');
  console.log(text);
  if (options.save) {
    // What a header says may be a secret.
    const { gatewayArgs, profileDir, against, ...asked } = options;
    await save(options.name, { kind: 'phases', machine, options: asked, ...circumstances, summary: lines, samples });
    if (options.name === nameOf(options.shards)) await writeBetweenMarkers(join(ROOT, 'docs/performance.md'), options.name, text);
  }
  const wrong = samples.filter(({ errors }) => errors > 0);
  if (wrong.length > 0) throw new Error(`wrong answers in ${wrong.length} measurements, such as: ${wrong[0]?.firstError}`);
}

function describe(options: BenchOptions, machine: Machine, samples: readonly Sample[], idleCpuMsPerSecond: number): string {
  const others = median(samples.map(({ othersCores }) => othersCores));
  return [
    `${new Date().toISOString().slice(0, 10)}: ${machine.cores} cores (${machine.cpu}), ${machine.memoryGb} GB, Node ${machine.node};`,
    subjectOf(options),
    `${options.rounds} rounds of ${options.seconds} s a phase, medians.`,
    `Idle, all processes together use ${idleCpuMsPerSecond} ms of CPU a second.`,
    `Everything else on the machine kept ${others.toFixed(2)} cores busy (median)${others > 0.2 ? ': figures are too high, run it again on a quiet machine' : ''}.`,
  ].join('\n');
}

function subjectOf({ against, name, shards, members }: BenchOptions): string {
  if (against) return `${name}, a server that already ran;`;
  return shards === 0 ? 'one replica set, no router;' : `${shards} shards behind the router, ${members} member each;`;
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
