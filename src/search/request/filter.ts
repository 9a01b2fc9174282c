/**
 * `_filter`: what its tree means. Without chains it is a condition like any other; with chains, one that other resources decide.
 * @see https://hl7.org/fhir/R4/search_filter.html
 */
import { FhirError, invalidValue } from '../../model/error.ts';
import { unreachable } from '../../model/unreachable.ts';
import type { SearchExpression } from '../expression/expression.ts';
import { and, EVERYTHING, not, or } from '../expression/expression.ts';
import { type FilterNode, parseFilter } from './filter-syntax.ts';
import { type Criteria, type CriteriaTree, compileCriteria, type JoinContext } from './join.ts';
import { parseName } from './names.ts';

export const FILTER = '_filter';

/** @throws FhirError 400 that names the position of what is not understood */
export function compileFilter(text: string, types: readonly string[], context: JoinContext): Criteria {
  const tree = treeOf(parseFilter(text), types, context);
  const where = plainOf(tree);
  return where ? { where, joins: [] } : { where: EVERYTHING, joins: [{ kind: 'tree', name: FILTER, tree }] };
}

function treeOf(node: FilterNode, types: readonly string[], context: JoinContext): CriteriaTree {
  switch (node.kind) {
    case 'comparison':
      return { kind: 'leaf', criteria: criteriaOf(node, types, context) };
    case 'not':
      return { kind: 'not', of: treeOf(node.of, types, context) };
    case 'and':
    case 'or':
      return { kind: node.kind, of: node.of.map((part) => treeOf(part, types, context)) };
    default:
      return unreachable(node);
  }
}

type Comparison = Extract<FilterNode, { kind: 'comparison' }>;

function criteriaOf({ path, operator, value, at }: Comparison, types: readonly string[], context: JoinContext): Criteria {
  if (path.startsWith('_has:') || path.startsWith(FILTER))
    throw invalidValue(`_filter: "${path}" at position ${at + 1} is no path`, FILTER);
  try {
    return compileCriteria(parseName(path), value, types, { ...context, operator }, `${path} ${operator} ${value}`);
  } catch (error) {
    if (!(error instanceof FhirError)) throw error;
    const issues = error.issues.map((issue) => ({
      ...issue,
      diagnostics: `_filter, position ${at + 1}: ${issue.diagnostics}`,
      expression: [FILTER],
    }));
    throw new FhirError(error.status, issues, error.headers);
  }
}

/** The tree as one condition; undefined if other resources have a part in it. */
function plainOf(tree: CriteriaTree): SearchExpression | undefined {
  switch (tree.kind) {
    case 'leaf':
      return tree.criteria.joins.length > 0 ? undefined : tree.criteria.where;
    case 'not': {
      const inner = plainOf(tree.of);
      return inner && not(inner);
    }
    case 'and':
    case 'or': {
      const parts = tree.of.map(plainOf);
      const plain = parts.filter((part) => part !== undefined);
      if (plain.length < parts.length) return undefined;
      return tree.kind === 'and' ? and(plain) : or(plain);
    }
    default:
      return unreachable(tree);
  }
}

type Pair = readonly [string, string];

const NAMING: Readonly<Partial<Record<Comparison['operator'], string>>> = { in: 'in', ni: 'not-in', ss: 'above', sb: 'below' };

/** The pairs, and in the words of plain parameters what their filters say of value sets and codes above or below others. */
export function withNamedInFilters(pairs: readonly Pair[]): readonly Pair[] {
  const named = pairs.filter(([name]) => name === FILTER).flatMap(([, text]) => namedIn(parseFilter(text)));
  return named.length === 0 ? pairs : [...pairs, ...named];
}

function namedIn(node: FilterNode): Pair[] {
  if (node.kind === 'not') return namedIn(node.of);
  if (node.kind !== 'comparison') return node.of.flatMap(namedIn);
  const modifier = NAMING[node.operator];
  return modifier === undefined ? [] : [[`${node.path}:${modifier}`, node.value]];
}
