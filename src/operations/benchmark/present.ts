/** A benchmark's report as parameters: rows of one name each, so that they are tables as text. */
import { group, type Part, part } from '../answer.ts';
import {
  type BenchmarkReport,
  type CrashReport,
  type FailoverReport,
  type Figures,
  type GroundReport,
  type PlanOf,
  type Ratio,
  type SizeOf,
  timeSavedPercent,
  verdictOf,
} from './report.ts';

/** By engine: what was published of it, in percent of the time saved. */
const PUBLISHED: Readonly<Record<string, { readonly question: string; readonly percent: number }>> = {
  MongoDB: { question: 'queries after sharding', percent: 20 },
  PostgreSQL: { question: 'queries after partitioning', percent: 30 },
};

const rounded = (value: number, digits: number) => Number(value.toFixed(digits));

export function reportParts({ order, machine, grounds, failovers, crashes = [], notes }: BenchmarkReport): readonly Part[] {
  return [
    part('suite', order.suite),
    group('settings', [
      part('records', order.records),
      part('concurrency', order.concurrency.join(',')),
      part('queries', order.queriesPerRound),
      part('rounds', order.rounds),
      part('seconds', order.seconds),
      part('processors', machine.processors),
      part('loadBefore', rounded(machine.loadBefore, 1)),
    ]),
    ...grounds.flatMap((ground) => ground.overall.map((ratio) => headlinePart(ground, ratio))),
    ...grounds.flatMap(({ ratios }) => ratios.map(comparisonPart)),
    ...grounds.flatMap(({ figures }) => figures.map(figuresPart)),
    ...grounds.flatMap(({ plans }) => plans.map(planPart)),
    ...grounds.flatMap(({ sizes }) => sizes.map(sizePart)),
    ...failovers.map(failoverPart),
    ...crashes.map(crashPart),
    ...[...notes, ...grounds.flatMap((ground) => ground.notes)].map((note) => part('note', note)),
  ];
}

function headlinePart({ engine }: GroundReport, ratio: Ratio): Part {
  const published = PUBLISHED[engine];
  return group('headline', [
    part('question', published?.question),
    ...sidesOf(ratio),
    part('timeSavedPercent', rounded(timeSavedPercent(ratio.estimate), 1)),
    part('lowPercent', rounded(timeSavedPercent(ratio.low), 1)),
    part('highPercent', rounded(timeSavedPercent(ratio.high), 1)),
    part('publishedPercent', published?.percent),
  ]);
}

const sidesOf = (ratio: Ratio): readonly Part[] => [
  part('layout', ratio.layout),
  part('against', ratio.against),
  part('cache', ratio.cache),
  part('concurrency', ratio.concurrency),
  part('ratio', rounded(ratio.estimate, 3)),
  part('low', rounded(ratio.low, 3)),
  part('high', rounded(ratio.high, 3)),
  part('rounds', ratio.rounds),
  part('verdict', verdictOf(ratio)),
];

const comparisonPart = (ratio: Ratio): Part => group('comparison', [part('query', ratio.query), ...sidesOf(ratio)]);

const figuresPart = ({ layout, query, concurrency, perSecond, p50, p95, p99, gatewayCpu, engineCpu, busy }: Figures): Part =>
  group('figures', [
    part('query', query),
    part('layout', layout),
    part('concurrency', concurrency),
    part('perSecond', rounded(perSecond, 0)),
    part('p50Milliseconds', rounded(p50, 2)),
    part('p95Milliseconds', rounded(p95, 2)),
    part('p99Milliseconds', rounded(p99, 2)),
    part('gatewayCpuMilliseconds', rounded(gatewayCpu, 3)),
    part('engineCpuMilliseconds', engineCpu === undefined ? undefined : rounded(engineCpu, 3)),
    part('machineBusyPercent', rounded(100 * busy, 0)),
  ]);

const planPart = ({ layout, query, places, placesInAll, keysExamined, examined, returned, blocks, steps }: PlanOf): Part =>
  group('explain', [
    part('query', query),
    part('layout', layout),
    part('touched', places.length),
    part('of', placesInAll),
    part('keysExamined', keysExamined),
    part('examined', examined),
    part('returned', returned),
    part('blocks', blocks),
    part('steps', steps.join(', ')),
    part('places', places.join(', ')),
  ]);

const sizePart = ({ layout, bytes, largestShareBytes }: SizeOf): Part =>
  group('size', [part('layout', layout), part('bytes', bytes), part('bytesOnFullestMember', largestShareBytes)]);

const failoverPart = ({ shard, action, withoutPrimaryMs, acknowledged, retried, lost }: FailoverReport): Part =>
  group('failover', [
    part('shard', shard),
    part('action', action),
    part('millisecondsWithoutPrimary', withoutPrimaryMs),
    part('writesAcknowledged', acknowledged),
    part('writesRetried', retried),
    part('writesLost', lost),
  ]);

const crashPart = ({ cause, transactions, acknowledged, recovered, whole, nothing, torn, lost, leftPrepared }: CrashReport): Part =>
  group('crash', [
    part('cause', cause),
    part('transactions', transactions),
    part('acknowledged', acknowledged),
    part('recovered', recovered),
    part('whole', whole),
    part('nothing', nothing),
    part('torn', torn),
    part('acknowledgedAndLost', lost),
    part('leftPrepared', leftPrepared),
  ]);

/** The ratios of a run beside those of another, where both have them. */
export function changeParts(now: BenchmarkReport, before: BenchmarkReport): readonly Part[] {
  const ratiosOf = ({ grounds }: BenchmarkReport) => grounds.flatMap(({ overall, ratios }) => [...overall, ...ratios]);
  const earlier = new Map(ratiosOf(before).map((ratio) => [keyOf(ratio), ratio]));
  return ratiosOf(now).flatMap((ratio) => {
    const old = earlier.get(keyOf(ratio));
    return old ? [changePart(ratio, old)] : [];
  });
}

const keyOf = ({ query, layout, against, concurrency }: Ratio) => JSON.stringify([query, layout, against, concurrency]);

/** Intervals that do not overlap are a change. */
function changePart(now: Ratio, before: Ratio): Part {
  const change = now.low > before.high ? 'better' : now.high < before.low ? 'worse' : 'not told apart';
  return group('change', [
    part('query', now.query ?? 'all classes'),
    part('layout', now.layout),
    part('against', now.against),
    part('concurrency', now.concurrency),
    part('ratio', rounded(now.estimate, 3)),
    part('low', rounded(now.low, 3)),
    part('high', rounded(now.high, 3)),
    part('ratioBefore', rounded(before.estimate, 3)),
    part('lowBefore', rounded(before.low, 3)),
    part('highBefore', rounded(before.high, 3)),
    part('change', change),
  ]);
}
