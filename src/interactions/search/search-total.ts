/** How many resources match. @see https://hl7.org/fhir/R4/search.html#total */
import { orAfter } from '../../lifecycle/or-after.ts';
import { FhirError, type Issue } from '../../model/error.ts';
import type { SearchPlan } from '../../search/plan/plan-search.ts';
import type { SearchRequest } from '../../search/request/parse.ts';
import type { InteractionContext } from '../context.ts';

export interface Total {
  readonly value?: number;
  /** Why it was asked for and is not there. */
  readonly issues: readonly Issue[];
}

/** A count or an estimate that came along with matches gives up after this; one that was all that was asked for takes its time. */
const COUNT_WITHIN_MS = 2_500;

/** Told when it costs nothing (one page holds all) or is asked for. `found` is undefined if only the count is wanted. */
export async function totalOf(
  { total, page }: SearchRequest,
  { search, pageSize }: SearchPlan,
  found: number | undefined,
  { store }: Pick<InteractionContext, 'store'>,
): Promise<Total> {
  if (found !== undefined && page === undefined && found <= pageSize && total !== 'none') return { value: found, issues: [] };
  if (found === undefined) return { value: await (total === 'estimate' ? store.estimate(search) : store.count(search)), issues: [] };
  if (total === 'estimate') return estimated(await within(store.estimate(search)));
  if (total !== 'accurate') return { issues: [] };
  const value = await within(store.count(search, true));
  return value === undefined ? estimated(await within(store.estimate(search)), 'in its place is an estimate') : { value, issues: [] };
}

/** Undefined if it took too long. What is still counting is left to the store's own deadline. */
async function within(counting: Promise<number>): Promise<number | undefined> {
  try {
    return await orAfter(COUNT_WITHIN_MS, counting, () => undefined);
  } catch (error) {
    if (error instanceof FhirError && error.status === 503) return undefined;
    throw error;
  }
}

/** `instead` says what the estimate stands for, if it was not asked for. */
function estimated(value: number | undefined, instead?: string): Total {
  if (value !== undefined && instead === undefined) return { value, issues: [] };
  const outcome = value === undefined ? 'the total is left out' : instead;
  const diagnostics = `The matches could not be counted in the time there is for it; ${outcome}. _summary=count waits longer.`;
  const issues: Issue[] = [{ severity: 'warning', code: 'timeout', diagnostics, expression: ['_total'] }];
  return value === undefined ? { issues } : { value, issues };
}
