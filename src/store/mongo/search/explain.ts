/** What MongoDB tells of how it ran a search. @see https://www.mongodb.com/docs/manual/reference/explain-results/ */
import type { Document } from 'mongodb';
import type { PartExplanation } from '../../explain.ts';

/** The parts of an `explain('executionStats')` of a find or an aggregation, sharded or not. */
export function partsOfPlan(plan: Document): PartExplanation[] {
  const byName = Object.entries((plan.shards ?? {}) as Record<string, Document>);
  if (byName.length > 0) return byName.map(([shard, each]) => partOf(each, shard));
  const shards = plan.executionStats?.executionStages?.shards as Document[] | undefined;
  if (!shards) return [partOf(plan, undefined)];
  return shards.map((each) => partOf(each, each.shardName as string));
}

function partOf(plan: Document, shard: string | undefined): PartExplanation {
  const objects = objectsIn(withoutRejected(plan));
  const named = (field: string) => [
    ...new Set(objects.flatMap((each) => (typeof each[field] === 'string' ? [each[field] as string] : []))),
  ];
  const stats = objects.find((each) => each.totalKeysExamined !== undefined) ?? {};
  return {
    ...(shard !== undefined && { shard }),
    nodes: named('stage'),
    indexes: named('indexName'),
    keysExamined: asNumber(stats.totalKeysExamined),
    documentsExamined: asNumber(stats.totalDocsExamined),
    returned: asNumber(stats.nReturned) ?? 0,
  };
}

const asNumber = (value: unknown) => (value === undefined ? undefined : Number(value));

/** What was not chosen is not what happened. */
function withoutRejected(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutRejected);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([name]) => name !== 'rejectedPlans' && name !== 'allPlansExecution');
  return Object.fromEntries(kept.map(([name, each]) => [name, withoutRejected(each)]));
}

function objectsIn(value: unknown): Document[] {
  if (Array.isArray(value)) return value.flatMap(objectsIn);
  if (typeof value !== 'object' || value === null) return [];
  return [value as Document, ...Object.values(value).flatMap(objectsIn)];
}
