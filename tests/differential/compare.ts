/** Asks two searchers the same and tells where they differ. */

import { decimalText } from '../../src/model/decimal.ts';
import type { ResourceVersion } from '../../src/model/resource.ts';
import { identityOf } from '../../src/model/resource.ts';
import { printExpression } from '../../src/search/expression/print.ts';
import type { HistoryRequest, ResourceStore, SearchMatch, StoreAggregate, StoreSearch } from '../../src/store/store.ts';
import type { Searcher } from './model.ts';

/** One difference, as text for a failing test: the search and both answers. */
export interface Divergence {
  readonly text: string;
}

const MOST_PAGES = 200;
/** The smallest page on the way back. */
const FEWEST_BACK = 7;

async function allPages(searcher: Searcher, search: StoreSearch): Promise<SearchMatch[]> {
  const matches: SearchMatch[] = [];
  for (let pages = 0; pages < MOST_PAGES; pages++) {
    const after = matches.at(-1)?.sortValues ?? search.after;
    const page = await searcher.search({ ...search, ...(after && { after }) });
    matches.push(...page);
    if (page.length < search.limit) return matches;
  }
  throw new Error(`no end after ${MOST_PAGES} pages`);
}

/**
 * What is compared of a match. A store may keep a pointer to a resource under the record of each of its patients, and then
 * order that record by where the pointer lies: so a search of one record is compared without `_identity`.
 */
function outline(match: SearchMatch, search: StoreSearch): string {
  const values = search.patient ? match.sortValues.slice(0, -1) : match.sortValues;
  return JSON.stringify([...values, match.resource.type, match.resource.id, match.resource.version]);
}

/** Matches that the order leaves equal, in the order of their outlines. */
function inOneOrder(matches: readonly SearchMatch[], search: StoreSearch): string[] {
  const keyOf = (match: SearchMatch) => JSON.stringify(match.sortValues.slice(0, -1));
  const lines = matches.map((match) => ({ key: keyOf(match), line: outline(match, search) }));
  if (!search.patient) return lines.map(({ line }) => line);
  const groups: { key: string; lines: string[] }[] = [];
  for (const { key, line } of lines) {
    const last = groups.at(-1);
    if (last?.key === key) last.lines.push(line);
    else groups.push({ key, lines: [line] });
  }
  return groups.flatMap((group) => group.lines.sort());
}

/** The matches before the last one, from there back to the first. A record's own order of what points into it is not asked for. */
async function pagesBack(searcher: Searcher, search: StoreSearch, matches: readonly SearchMatch[]): Promise<SearchMatch[]> {
  const last = matches.at(-1);
  if (!last || search.patient) return [];
  return allPages(searcher, { ...search, limit: Math.max(search.limit, FEWEST_BACK), after: last.sortValues, backward: true });
}

async function answerOf(searcher: Searcher, search: StoreSearch): Promise<string> {
  const { types, where, patient } = search;
  const [matches, count] = await Promise.all([allPages(searcher, search), searcher.count({ types, where, ...(patient && { patient }) })]);
  const back = await pagesBack(searcher, search, matches);
  return [`count ${count}`, ...inOneOrder(matches, search), 'back', ...inOneOrder(back, search)].join('\n');
}

const errorText = (error: unknown) => `failed: ${error instanceof Error ? error.message : String(error)}`;

export function describeSearch({ types, where, sort, limit, patient }: StoreSearch): string {
  const keys = sort.map((key) => `${key.descending ? '-' : ''}${key.parameter}`).join(',');
  return `${types.join(',')}?${printExpression(where)} sorted by ${keys}, pages of ${limit}${patient ? `, in ${patient}` : ''}`;
}

/** Undefined if both give the same matches in the same order over the same pages, and the same count. */
export async function compareSearch(reference: Searcher, other: Searcher, search: StoreSearch): Promise<Divergence | undefined> {
  const [expected, actual] = await Promise.all([reference, other].map((searcher) => answerOf(searcher, search).catch(errorText)));
  if (expected === actual) return undefined;
  return { text: `${describeSearch(search)}\nexpected: ${expected}\nactual: ${actual}` };
}

type Historian = Pick<ResourceStore, 'history'>;

async function historyOf(historian: Historian, request: HistoryRequest): Promise<string> {
  const versions: ResourceVersion[] = [];
  for (let pages = 0; pages < MOST_PAGES; pages++) {
    const last = versions.at(-1);
    const after = last && { at: last.at, identity: identityOf(last), version: last.version };
    const page = await historian.history({ ...request, ...(after && { after }) });
    versions.push(...page);
    if (page.length < request.limit)
      return versions.map((version) => `${version.at} ${identityOf(version)} ${version.version} ${version.raw}`).join('\n');
  }
  throw new Error(`no end after ${MOST_PAGES} pages`);
}

/** Undefined if both give the same versions in the same order over all pages. */
export async function compareHistory(reference: Historian, other: Historian, request: HistoryRequest): Promise<Divergence | undefined> {
  const [expected, actual] = await Promise.all([reference, other].map((each) => historyOf(each, request).catch(errorText)));
  if (expected === actual) return undefined;
  return { text: `history ${JSON.stringify(request)}\nexpected: ${expected}\nactual: ${actual}` };
}

type Aggregator = Pick<ResourceStore, 'aggregate'>;

/** Rows as sorted lines; only their number if the limit may have cut them. */
async function rowsOf(aggregator: Aggregator, request: StoreAggregate): Promise<string> {
  const rows = await aggregator.aggregate(request);
  if (rows.length === request.limit) return `${rows.length} rows, the limit`;
  const lines = rows.map(({ groups, unit, count, amounts }) => {
    const figures = amounts ? [amounts.sum, amounts.min, amounts.max].map(decimalText) : [];
    return JSON.stringify([groups, unit, count, figures]);
  });
  return lines.sort().join('\n');
}

/** Undefined if both count and add up the same. */
export async function compareAggregate(reference: Aggregator, other: Aggregator, request: StoreAggregate): Promise<Divergence | undefined> {
  const [expected, actual] = await Promise.all([reference, other].map((each) => rowsOf(each, request).catch(errorText)));
  if (expected === actual) return undefined;
  return { text: `aggregate ${JSON.stringify(request)}\nexpected: ${expected}\nactual: ${actual}` };
}
