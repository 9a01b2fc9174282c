/** The part of PostgreSQL's `EXPLAIN` that tells why a query costs what it costs. */
import type { PlanExtract } from '../../benchmark/scratch.ts';

export interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows'?: number;
  readonly 'Actual Loops'?: number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Index Recheck'?: number;
  readonly 'Shared Hit Blocks'?: number;
  readonly 'Shared Read Blocks'?: number;
  readonly Plans?: readonly PlanNode[];
}

/** @see https://www.postgresql.org/docs/current/using-explain.html */
export function extractOf(plan: PlanNode, partitionsInAll: number): PlanExtract {
  const nodes = nodesOf(plan);
  const scans = nodes.filter((node) => node['Relation Name'] !== undefined);
  return {
    places: [...new Set(scans.map((node) => node['Relation Name'] as string))].sort(),
    placesInAll: partitionsInAll,
    examined: Math.round(scans.reduce((sum, node) => sum + rowsLookedAt(node), 0)),
    returned: plan['Actual Rows'] ?? 0,
    blocks: (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0),
    steps: [...new Set(nodes.map((node) => node['Node Type']))],
  };
}

const nodesOf = (node: PlanNode): readonly PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];

/** Counts are told by loop. */
const rowsLookedAt = (node: PlanNode) =>
  ((node['Actual Rows'] ?? 0) + (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0)) *
  (node['Actual Loops'] ?? 1);
