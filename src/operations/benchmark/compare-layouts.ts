/** Loads every layout of a ground, measures, explains, and removes it all again. */
import { unavailable } from '../../model/error.ts';
import type { ScratchGround } from '../../store/benchmark/scratch.ts';
import { type Measured, measure, type Pace, withTotalCache } from './measure.ts';
import { cacheNotes, processorNote } from './notes.ts';
import type { BenchmarkOrder } from './order.ts';
import { type Baseline, figuresOf, type GroundReport, type PlanOf, ratiosOf, type SizeOf } from './report.ts';

/** Of the progress and, at most, of the time. */
const LOADING_SHARE = 0.4;
/** Left for the plans and for removing everything. */
const LAST_MS = 3_000;

/**
 * Ends by `pace.endsAt`, also when cancelled; then with what it has.
 * @throws FhirError 503 if loading takes more than its share of the time
 */
export async function compareLayouts(ground: ScratchGround, order: BenchmarkOrder, pace: Pace): Promise<GroundReport> {
  try {
    await load(ground, order.records, pace);
    const measured = await measure(ground, order, {
      ...pace,
      endsAt: pace.endsAt - LAST_MS,
      progress: (share) => pace.progress(LOADING_SHARE + (1 - LOADING_SHARE) * share),
    });
    return await reportOf(ground, order, measured);
  } finally {
    await ground.drop();
  }
}

async function load(ground: ScratchGround, records: number, { control, endsAt, progress }: Pace): Promise<void> {
  const startedAt = performance.now();
  const loadedBy = startedAt + (endsAt - startedAt) * LOADING_SHARE;
  const isLate = () => performance.now() > loadedBy;
  const arenas = [ground.baseline, ...ground.layouts];
  for (const [at, arena] of arenas.entries()) {
    await arena.load(records, () => control.isCancelled() || isLate());
    if (!control.isCancelled() && isLate())
      throw unavailable(
        `loading ${records} records took more than ${100 * LOADING_SHARE} % of the time: ask for fewer, or for more seconds`,
      );
    progress((LOADING_SHARE * (at + 1)) / arenas.length);
  }
}

async function reportOf(ground: ScratchGround, order: BenchmarkOrder, { samples, problem }: Measured): Promise<GroundReport> {
  const names = {
    baselines: baselinesOf(ground, problem),
    layouts: ground.layouts.map(({ layout }) => layout),
    queries: ground.queries,
    concurrency: order.concurrency,
  };
  const figures = figuresOf(samples, names);
  const sizes = await sizesOf(ground);
  return {
    engine: ground.engine,
    records: order.records,
    ...(await ratiosOf(samples, names)),
    figures,
    plans: await plansOf(ground),
    sizes,
    notes: [
      ...(await cacheNotes(ground, sizes, problem)),
      ...processorNote(ground.engine, figures),
      `Engine’s processor time is from ${ground.cpuSource}.`,
    ],
  };
}

/** The baseline as often as it was measured, with what that makes of the caches. */
function baselinesOf({ baseline: { layout }, totalCache }: ScratchGround, problem: string | undefined): readonly Baseline[] {
  if (!totalCache) return [{ layout, cache: 'the same one' }];
  const byMember = { layout, cache: 'equal by member' } as const;
  return problem === undefined ? [byMember, { layout: withTotalCache(layout), cache: 'equal in total' }] : [byMember];
}

async function sizesOf({ baseline, layouts }: ScratchGround): Promise<readonly SizeOf[]> {
  return Promise.all([baseline, ...layouts].map(async (arena) => ({ layout: arena.layout, ...(await arena.size()) })));
}

async function plansOf({ baseline, layouts, queries }: ScratchGround): Promise<readonly PlanOf[]> {
  const plans: PlanOf[] = [];
  for (const query of queries)
    for (const arena of [baseline, ...layouts]) plans.push({ layout: arena.layout, query, ...(await arena.explain(query)) });
  return plans;
}
