/** How many resources match. @see https://hl7.org/fhir/R4/search.html#total */
import type { Issue } from '../model/error.ts';
import { FhirError } from '../model/error.ts';
import type { SearchPlan } from '../search/plan/plan-search.ts';
import type { SearchRequest } from '../search/request/parse.ts';
import type { InteractionContext } from './context.ts';

export interface Total {
  readonly value?: number;
  /** Why it was asked for and is not there. */
  readonly issues: readonly Issue[];
}

/** A count that came along with matches gives up after this; one that was all that was asked for takes its time. */
const COUNT_WITHIN_MS = 2_000;

/** Told when it costs nothing (one page holds all) or is asked for. `found` is undefined if only the count is wanted. */
export async function totalOf(
  { total, page }: SearchRequest,
  { search, pageSize }: SearchPlan,
  found: number | undefined,
  { store }: Pick<InteractionContext, 'store'>,
): Promise<Total> {
  if (found !== undefined && page === undefined && found <= pageSize && total !== 'none') return { value: found, issues: [] };
  if (found === undefined) return { value: await store.count(search), issues: [] };
  if (total !== 'accurate' && total !== 'estimate') return { issues: [] };
  return countWithin(store.count(search));
}

/** What is still counting is left to the store's own deadline. */
async function countWithin(counting: Promise<number>): Promise<Total> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, COUNT_WITHIN_MS, undefined);
  });
  try {
    const value = await Promise.race([counting, late]);
    if (value !== undefined) return { value, issues: [] };
    counting.catch(() => undefined);
    return tooSlow();
  } catch (error) {
    if (error instanceof FhirError && error.status === 503) return tooSlow();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function tooSlow(): Total {
  const diagnostics = `The matches could not be counted within ${COUNT_WITHIN_MS / 1000} s, so the total is left out. _summary=count waits longer.`;
  return { issues: [{ severity: 'warning', code: 'timeout', diagnostics, expression: ['_total'] }] };
}
