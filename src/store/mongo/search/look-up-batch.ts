/** Look-ups by entry (identifier, name) that leave as one `find`, told apart by the entries of what is found. */
import type { Document } from 'mongodb';
import type { SearchExpression } from '../../../search/expression/expression.ts';
import { matches } from '../../../search/expression/match.ts';
import { isNarrowing } from '../../../search/parameters/entry-text.ts';
import { matchableOf, TOKENS } from './entries.ts';
import { filterOf, IN_POPULATION } from './filter.ts';
import { type BatchFinders, createSearchBatch, type FilteredSearch, type FindTogether } from './search-batch.ts';

/** Entries and beginnings of one look-up. */
const MOST_LEAVES = 8;

/** Finds look-ups together, and any other search by itself. */
export function createLookUpBatch(finders: BatchFinders): FindTogether {
  const lookUpsTogether = createSearchBatch(finders, {
    ask: (batch) => ({ scope: { filter: lookUpFilter(batch) }, projection: TOKENS }),
    assign(found) {
      const entered = found.map((document) => ({ document, resource: matchableOf(document) }));
      return ({ search: { types, where } }) =>
        entered.flatMap(({ document, resource }) => (types.includes(document.type) && matches(where, resource) ? [document] : []));
    },
  });
  return (one) => (leavesOf(one.search.where) ? lookUpsTogether(one) : finders.findAlone(one));
}

/** The entries and beginnings that an expression looks for, if it looks for few and for nothing else. */
function leavesOf(expression: SearchExpression): readonly SearchExpression[] | undefined {
  switch (expression.kind) {
    case 'equals':
    case 'prefix':
      return [expression];
    case 'and':
    case 'or': {
      const parts = expression.of.map(leavesOf);
      const leaves = parts.flatMap((part) => part ?? []);
      return parts.includes(undefined) || leaves.length > MOST_LEAVES ? undefined : leaves;
    }
    default:
      return undefined;
  }
}

/**
 * Equalities are one list for the index, which finds more than each asked for; beginnings need a branch each. What all have in
 * common stands beside the branches, not in each: MongoDB plans every branch of a filter that is nothing but branches by itself.
 */
function lookUpFilter(batch: readonly FilteredSearch[]): Document {
  const leaves = batch.flatMap(({ search }) => leavesOf(search.where) ?? []);
  const entries = leaves.flatMap((leaf) => (leaf.kind === 'equals' ? [leaf.entry] : []));
  const types = [...new Set(batch.flatMap(({ search }) => search.types))];
  const common = { type: { $in: types }, ...IN_POPULATION };
  if (entries.length === leaves.length) return { s: { $in: entries.filter((entry) => !isNarrowing(entry)) }, ...common };
  return { $and: [{ $or: batch.map(({ search }) => filterOf(search.where, () => [])) }, common] };
}
