/** The part of MongoDB's `explain` that tells why a query costs what it costs. */
import type { Document } from 'mongodb';
import type { PlanExtract } from '../../benchmark/scratch.ts';

/** @see https://www.mongodb.com/docs/manual/reference/explain-results/ */
export function extractOf(explained: Document, shardsInAll: number): PlanExtract {
  const planner = plannerOf(explained);
  const shards = (planner.winningPlan?.shards ?? []) as readonly Document[];
  const places = explained.shards ? Object.keys(explained.shards) : shards.map(({ shardName }) => shardName as string);
  const stats = statsOf(explained);
  const sum = (name: string) => stats.reduce((total, each) => total + Number(each[name] ?? 0), 0);
  return {
    places: [...places].sort(),
    placesInAll: shardsInAll,
    keysExamined: sum('totalKeysExamined'),
    examined: sum('totalDocsExamined'),
    returned: sum('nReturned'),
    steps: [...new Set(stagesIn(explained))],
  };
}

/** An aggregation of several shards explains each of them; one of one shard explains its cursor stage, or itself. */
const plansIn = (explained: Document): readonly Document[] => {
  const each = explained.shards ? (Object.values(explained.shards) as Document[]) : [explained];
  return each.map((plan) => plan.stages?.[0]?.$cursor ?? plan);
};

const plannerOf = (explained: Document): Document => plansIn(explained)[0]?.queryPlanner ?? {};

const statsOf = (explained: Document): readonly Document[] =>
  plansIn(explained).flatMap(({ executionStats }) => (executionStats ? [executionStats as Document] : []));

/** What was not carried out, and the same again in the words of the execution engine. */
const LEFT_OUT = new Set(['rejectedPlans', 'executionStats', 'slotBasedPlan']);

/** The names of the stages of the plans, wherever they are. */
function stagesIn(plan: unknown): string[] {
  if (Array.isArray(plan)) return plan.flatMap(stagesIn);
  if (typeof plan !== 'object' || plan === null) return [];
  return Object.entries(plan).flatMap(([name, value]) => {
    if (name === 'stage' && typeof value === 'string') return [value];
    return LEFT_OUT.has(name) ? [] : stagesIn(value);
  });
}
