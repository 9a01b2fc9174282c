/**
 * Pages of history.
 * @see https://hl7.org/fhir/R4/http.html#history
 */
import { invalidValue, unsupportedParameter } from '../../model/error.ts';
import { identityOf, type ResourceVersion } from '../../model/resource.ts';
import type { HistoryPosition, HistoryRequest } from '../../store/store.ts';
import { type Subset, subsetOfRead, subsetText } from '../answer/subset.ts';
import { bundleText } from '../bundle/bundle-text.ts';
import { PAGE, pageTokensFor } from '../bundle/page-cursor.ts';
import type { InteractionContext } from '../context.ts';
import { etagOf } from '../preconditions.ts';
import { onlyValue, queryText } from '../query-text.ts';
import type { FhirRequest, FhirResponse } from '../request.ts';
import { totalOfHistory } from './history-total.ts';
import { type InstantPeriod, instantPeriod } from './instant-period.ts';

/** Which versions: of one resource, of a type, of all. */
type HistoryScope = Pick<HistoryRequest, 'types' | 'id'>;

interface HistoryPage {
  readonly versions: readonly ResourceVersion[];
  readonly response: FhirResponse;
}

/** What a `next` link carries: of which history, where to go on, and the watermark and the total of the first page. */
interface HistoryCursor {
  readonly of: string;
  readonly until: number | undefined;
  readonly total?: number | undefined;
  readonly after: HistoryPosition;
}

interface HistoryControls {
  readonly count: number;
  readonly since?: number;
  readonly during?: InstantPeriod;
  readonly cursor?: HistoryCursor;
  readonly subset?: Subset | undefined;
}

const PARAMETERS = new Set(['_count', '_since', '_at', '_elements', '_summary', PAGE]);

/** A page, newest first. It never goes past the watermark, so no commit that is still under way is skipped. */
export async function historyPage(request: FhirRequest, context: InteractionContext, scope: HistoryScope): Promise<HistoryPage> {
  const { count, since, during, cursor, subset } = readControls(request, context);
  const until = cursor ? cursor.until : scope.id === undefined ? await context.watermark() : undefined;
  const asked = { ...scope, since, during, until, after: cursor?.after, limit: count + 1 };
  const found = await context.store.history(asked, request.access);
  const total = cursor ? cursor.total : await totalOfHistory({ asked, found }, request, context);
  const versions = found.slice(0, count);
  const last = found.length > count ? versions.at(-1) : undefined;
  const links = [{ relation: 'self', url: linkUrl(request, request.query) }];
  if (last) links.push({ relation: 'next', url: nextUrl(request, context, { until, total }, last) });
  const entries = versions.map((version) => historyEntry(request.baseUrl, version, partOf(context, version, subset)));
  const text = bundleText('history', links, total, entries);
  return { versions, response: { status: 200, headers: {}, body: { kind: 'fhir', text } } };
}

function readControls(request: FhirRequest, context: InteractionContext): HistoryControls {
  const unknown = request.query.find(isUnknown);
  if (unknown && request.prefer.handling !== 'lenient') throw unsupportedParameter(`history has no parameter "${unknown[0]}"`, unknown[0]);
  const value = (name: string) => onlyValue(request.query, name);
  const since = value('_since');
  const at = value('_at');
  const page = value(PAGE);
  return {
    count: readCount(value('_count'), context),
    since: since === undefined ? undefined : instantPeriod(since, '_since').from,
    during: at === undefined ? undefined : instantPeriod(at, '_at'),
    cursor: page === undefined ? undefined : openCursor(request, context, page),
    subset: subsetOfRead(request.query),
  };
}

const isUnknown = ([name]: readonly [string, string]) => !PARAMETERS.has(name);

/** @throws FhirError 400 */
function readCount(text: string | undefined, { limits }: InteractionContext): number {
  if (text === undefined) return limits.defaultPageSize;
  if (!/^\d{1,9}$/.test(text) || Number(text) === 0) throw invalidValue(`_count must be a positive number, not "${text}"`, '_count');
  return Math.min(Number(text), limits.maxPageSize);
}

function openCursor(request: FhirRequest, context: InteractionContext, token: string): HistoryCursor {
  const cursor = pageTokensFor(request, context).open(token) as HistoryCursor;
  if (cursor.of !== originOf(request)) throw invalidValue('this page token belongs to another history', PAGE);
  return cursor;
}

function nextUrl(
  request: FhirRequest,
  context: InteractionContext,
  first: Pick<HistoryCursor, 'until' | 'total'>,
  last: ResourceVersion,
): string {
  const after = { at: last.at, identity: identityOf(last), version: last.version };
  const token = pageTokensFor(request, context).seal({ of: originOf(request), ...first, after } satisfies HistoryCursor);
  return linkUrl(request, [...request.query.filter(([name]) => name !== PAGE), [PAGE, token]]);
}

/** Which history a page belongs to: where, since when, at which time. */
function originOf({ path, query }: FhirRequest): string {
  return `history ${path}?${queryText(query.filter(([name]) => name === '_since' || name === '_at'))}`;
}

function linkUrl(request: FhirRequest, query: FhirRequest['query']): string {
  const text = queryText(query.filter((pair) => !isUnknown(pair)));
  return `${request.baseUrl}/${request.path}${text && `?${text}`}`;
}

/** The part of a version that was asked for; undefined for the whole, and of a deletion. */
function partOf({ definitions }: InteractionContext, { deleted, raw }: ResourceVersion, subset: Subset | undefined): string | undefined {
  return subset && !deleted ? subsetText(definitions, raw, subset) : undefined;
}

function historyEntry(baseUrl: string, version: ResourceVersion, raw = version.raw): string {
  const { type, id, method } = version;
  const fullUrl = JSON.stringify(`${baseUrl}/${type}/${id}`);
  const resource = version.deleted ? '' : `"resource":${raw},`;
  const requestPart = JSON.stringify({ method, url: method === 'POST' ? type : `${type}/${id}` });
  const status = version.deleted ? '204' : version.version === 1 ? '201' : '200';
  const responsePart = JSON.stringify({ status, etag: etagOf(version.version), lastModified: new Date(version.at).toISOString() });
  return `{"fullUrl":${fullUrl},${resource}"request":${requestPart},"response":${responsePart}}`;
}
