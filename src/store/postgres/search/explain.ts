/** What PostgreSQL tells of how it ran a search. @see https://www.postgresql.org/docs/current/sql-explain.html */
import type { Pool } from 'pg';
import type { StageExplanation } from '../../explain.ts';
import type { StoreSearch } from '../../store.ts';
import { pageStatement } from './statement.ts';

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Actual Rows'?: number;
  readonly 'Actual Loops'?: number;
  readonly 'Subplans Removed'?: number;
  readonly 'Shared Hit Blocks'?: number;
  readonly 'Shared Read Blocks'?: number;
  readonly Plans?: readonly PlanNode[];
}

/** Runs the statement of a page under EXPLAIN. */
export const explainPage = (pool: Pool, search: StoreSearch): Promise<StageExplanation> =>
  explainStatement(pool, search.types, pageStatement(search));

/** Runs a statement that looks for resources of these types under EXPLAIN. */
export async function explainStatement(
  pool: Pool,
  types: readonly string[],
  { text, values }: { readonly text: string; readonly values: readonly unknown[] },
): Promise<StageExplanation> {
  const { rows } = await pool.query({ text: `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${text}`, values: [...values] });
  const [{ Plan: plan, 'Execution Time': milliseconds }] = rows[0]['QUERY PLAN'] as [{ Plan: PlanNode; 'Execution Time': number }];
  // A node that never ran scanned nothing.
  const nodes = nodesIn(plan).filter((node) => node['Actual Loops'] !== 0);
  const unique = (field: 'Node Type' | 'Index Name' | 'Relation Name') => [...new Set(nodes.flatMap((node) => node[field] ?? []))];
  const part = {
    nodes: unique('Node Type'),
    indexes: unique('Index Name'),
    relations: unique('Relation Name'),
    relationsPruned: nodes.reduce((sum, node) => sum + (node['Subplans Removed'] ?? 0), 0),
    blocks: (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0),
    returned: plan['Actual Rows'] ?? 0,
  };
  return { store: 'postgresql', types, parts: [part], milliseconds };
}

const nodesIn = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodesIn)];
