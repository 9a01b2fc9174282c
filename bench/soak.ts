/** Does the gateway's memory grow? A mix of requests at 16 clients for a long time, over 100,000 resources. */
import type { Client } from './client.ts';
import { runLoop, STALLED_MS } from './measure.ts';
import { type Phase, preparePhase } from './phases.ts';
import { residentMb } from './processes.ts';
import { postBundle, type Scene } from './scene.ts';

interface Soak {
  readonly minutes: number;
  readonly resources: number;
  readonly samples: readonly {
    readonly minute: number;
    readonly rssMb: number;
    readonly perSecond: number;
    readonly errors: number;
    readonly stallMs: number;
  }[];
  readonly rssMaxMb: number;
  /** Slope of a straight line through the second half's samples. */
  readonly growthMbPerHour: number;
  readonly firstError?: string;
}

const CLIENTS = 16;
const LOADERS = 4;
const SAMPLE_SECONDS = 20;
const MIX: readonly Phase[] = ['read', 'read', 'read', 'read', 'create', 'update', 'history', 'search', 'read-claim', 'create-claim'];

export async function runSoak(
  scene: Scene,
  options: { pid: number; minutes: number; resources: number; say: (text: string) => void },
): Promise<Soak> {
  const { pid, minutes, say } = options;
  const resources = await loadUntil(scene, scene.client, options.resources, say);
  const operations = MIX.map((phase) => preparePhase(phase, scene, 0).operation);
  let turn = 0;
  const operation = async () => (await operations[turn++ % operations.length]?.()) ?? 0;
  const samples: Soak['samples'][number][] = [];
  let firstError: string | undefined;
  const start = performance.now();
  const minute = () => (performance.now() - start) / 60_000;
  while (minute() < minutes) {
    const timing = await runLoop({ operation, concurrency: CLIENTS, seconds: SAMPLE_SECONDS });
    // After the machine stood still the gateway rightly answers 503 until it has touch with its stores again.
    if (timing.stallMs < STALLED_MS) firstError ??= timing.firstError;
    const sample = {
      minute: minute(),
      rssMb: residentMb(pid),
      perSecond: Math.round(timing.requests / timing.seconds),
      errors: timing.errors,
      stallMs: timing.stallMs,
    };
    samples.push(sample);
    say(`soak ${sample.minute.toFixed(1)} min: ${sample.rssMb} MB, ${sample.perSecond}/s, ${sample.errors} errors`);
  }
  const late = samples.slice(Math.floor(samples.length / 2));
  return {
    minutes,
    resources,
    samples,
    rssMaxMb: Math.max(...samples.map(({ rssMb }) => rssMb)),
    growthMbPerHour: Math.round(slope(late.map(({ minute: x, rssMb }) => [x, rssMb] as const)) * 60),
    ...(firstError && { firstError }),
  };
}

async function loadUntil(scene: Scene, client: Client, wanted: number, say: (text: string) => void): Promise<number> {
  let loaded = 0;
  let told = 0;
  const loader = async () => {
    while (loaded < wanted) {
      const bundle = scene.generator.patientBundle(scene.nextPatient());
      const created = await postBundle(client, JSON.stringify(bundle));
      loaded += created.length;
      if (loaded - told < 10_000) continue;
      told = loaded;
      say(`${loaded} resources loaded`);
    }
  };
  await Promise.all(Array.from({ length: LOADERS }, loader));
  return loaded;
}

/** Least squares. */
function slope(points: readonly (readonly [number, number])[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  const [meanX, meanY] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  const variance = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  return variance === 0 ? 0 : points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / variance;
}
