/**
 * Searches of patients' records that leave as one `find`, with an alternative for each. Answers are told apart by where the
 * documents lie; those of one type in a record, as when a page asks for several codes, by the entries of what is found.
 */
import type { SearchExpression } from '../../../search/expression/expression.ts';
import { matches } from '../../../search/expression/match.ts';
import { isNarrowingKey } from '../../../search/parameters/entry-text.ts';
import { parted, recordKeyInId } from '../document.ts';
import { ENTRIES, matchableOf } from './entries.ts';
import { BY_CODE } from './scope-filter.ts';
import { type BatchFinders, createSearchBatch, type FilteredSearch, type FindTogether, type Manner } from './search-batch.ts';

/** For searches that name a patient. */
export function createRecordBatch(finders: BatchFinders): FindTogether {
  // One command has one hint.
  const [byCode, byPlace] = [createSearchBatch(finders, MANNER), createSearchBatch(finders, MANNER)];
  return (one) => (one.scope.hint === BY_CODE ? byCode(one) : byPlace(one));
}

/** One command for what has its types of a record to itself, one for what has not: the entries that tell it cost something. */
const MANNER: Manner = {
  split(all) {
    const overlapping = overlappingAmong(all);
    const [shared, own] = parted(all, (one) => overlapping.has(one));
    return [own, shared.filter(({ search }) => isTold(search.where))];
  },

  ask(part) {
    const { hint } = part[0]?.scope ?? {};
    const filter = { $or: part.map(({ scope }) => scope.filter) };
    return { scope: { filter, ...(hint && { hint }) }, ...(overlappingAmong(part).size > 0 && { projection: ENTRIES }) };
  },

  assign(found, part) {
    const overlapping = overlappingAmong(part);
    const byRecord = Map.groupBy(found, ({ _id }) => recordKeyInId(_id));
    return (one) => {
      const { types, where } = one.search;
      const inRecord = (byRecord.get(recordOf(one)) ?? []).filter(({ type }) => types.includes(type));
      return overlapping.has(one) ? inRecord.filter((document) => matches(where, matchableOf(document))) : inRecord;
    };
  },
};

const recordOf = ({ scope }: FilteredSearch): string => scope.rk ?? '';

/** Those that search where another one does. */
function overlappingAmong(all: readonly FilteredSearch[]): ReadonlySet<FilteredSearch> {
  const byRecord = Map.groupBy(all, recordOf);
  if (byRecord.size === all.length) return new Set();
  const hasSameType = (one: FilteredSearch) => (other: FilteredSearch) =>
    other !== one && other.search.types.some((type) => one.search.types.includes(type));
  return new Set([...byRecord.values()].flatMap((inRecord) => inRecord.filter((one) => inRecord.some(hasSameType(one)))));
}

/** True if a document's entries tell whether it matches: ranges whose keys only narrow are not among `ENTRIES`. */
function isTold(expression: SearchExpression): boolean {
  switch (expression.kind) {
    case 'and':
    case 'or':
      return expression.of.every(isTold);
    case 'not':
      return isTold(expression.of);
    case 'range':
      return !isNarrowingKey(expression.key);
    default:
      return true;
  }
}
