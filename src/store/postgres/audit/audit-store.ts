/**
 * Audit events as resources: read and searched, never written by clients.
 *
 * SQL finds where matches can be, by time and by a few keys; the AuditEvents are then made of the records, indexed, and held
 * against the search with `match.ts`, so that a search means here what it means everywhere.
 */
import type { Pool } from 'pg';
import { parseRecord, type SealQuery } from '../../../audit/record.ts';
import { auditEventOf, type EventPlace, placeOf } from '../../../audit/render.ts';
import { methodNotAllowed, tooCostly, unsupportedParameter } from '../../../model/error.ts';
import type { IndexEntries, ResourceDraft, ResourceKey, ResourceVersion } from '../../../model/resource.ts';
import { keyText } from '../../../model/resource.ts';
import { matches } from '../../../search/expression/match.ts';
import { aggregateRows } from '../../aggregate-rows.ts';
import { sortValuesOf } from '../../order.ts';
import type { HistoryRequest, ResourceStore, SearchMatch, StoreCollect, StoreSearch } from '../../store.ts';
import { asking } from '../errors.ts';
import { explainStatement } from '../search/explain.ts';
import { createParameters, type Parameters } from '../search/parameters.ts';
import { auditCondition } from './condition.ts';

export interface AuditStoreOptions {
  /** Index entries of an AuditEvent. */
  readonly entriesOf: (resource: object, key: ResourceKey) => IndexEntries;
  /** Called before events are looked for, so that what happened before the search is there. */
  readonly catchUp: () => Promise<void>;
  /** The query of a record as it was asked, where queries are encrypted. */
  readonly openQuery?: SealQuery | undefined;
}

interface EventRow {
  readonly chain: number;
  readonly name: string;
  readonly seq: number;
  readonly recorded: number;
  readonly record: string;
}

const TYPE = 'AuditEvent';
/** Events have no record key: they lie by day. */
const NO_RECORD = '0000000000';
/** Rows looked at for one page or one count, when SQL alone can't tell. */
const MOST_LOOKED_AT = 20_000;
const AT_ONCE = 500;
const ALL = Number.POSITIVE_INFINITY;
const FORWARD = { direction: 'ASC', tie: 'ASC' } as const;

const COLUMNS = `e.chain, c.name, e.seq::float8 AS seq, (extract(epoch FROM e.recorded_at) * 1000)::float8 AS recorded, e.record`;
const SOURCE = 'auditevent e JOIN audit_chain c ON c.number = e.chain';

export function createAuditStore(pool: Pool, { entriesOf, catchUp, openQuery }: AuditStoreOptions): ResourceStore {
  function draftOf({ chain, name, seq, recorded, record }: EventRow): ResourceDraft {
    const parsed = parseRecord(record);
    const opened = openQuery ? { ...parsed, query: openQuery(parsed.query, parsed) } : parsed;
    const resource = auditEventOf(opened, { chain, seq, recorded: Math.round(recorded) }, name);
    const key = { type: TYPE, id: resource.id };
    return {
      ...key,
      rk: NO_RECORD,
      version: 1,
      at: parsed.recorded,
      deleted: false,
      raw: JSON.stringify(resource),
      by: { client: 'meridian', subject: 'meridian', request: parsed.request },
      method: 'POST',
      index: entriesOf(resource, key),
    };
  }

  async function find(search: FoundBy): Promise<ResourceDraft[]> {
    if (!search.types.includes(TYPE)) return [];
    const found: ResourceDraft[] = [];
    let after = search.after;
    for (let lookedAt = 0; ; lookedAt += AT_ONCE) {
      const { rows } = await pool.query<EventRow>(pageStatement({ ...search, after }));
      const drafts = rows.map(draftOf);
      found.push(...drafts.filter((draft) => matches(search.where, draft)));
      if (rows.length < AT_ONCE || found.length >= search.limit) return found.slice(0, search.limit);
      if (lookedAt + AT_ONCE >= MOST_LOOKED_AT) throw tooBroad();
      const last = placeOf(drafts.at(-1)?.id ?? '');
      after = last && { place: last };
    }
  }

  async function count({ types, where }: Pick<StoreSearch, 'types' | 'where'>): Promise<number> {
    if (!types.includes(TYPE)) return 0;
    const parameters = createParameters();
    const { sql, isExact } = auditCondition(where, parameters);
    if (!isExact) return (await find({ types, where, ...FORWARD, limit: ALL })).length;
    const text = `SELECT count(*)::float8 AS n FROM auditevent e WHERE ${sql}`;
    const { rows } = await pool.query<{ n: number }>(text, [...parameters.values]);
    return rows[0]?.n ?? 0;
  }

  async function read({ id }: ResourceKey): Promise<ResourceVersion | undefined> {
    if (!placeOf(id)) return undefined;
    const [draft] = await find({ types: [TYPE], where: { kind: 'ids', ids: [id] }, ...FORWARD, limit: 1 });
    return draft && published(draft);
  }

  const caughtUp = async <T>(work: () => Promise<T>): Promise<T> => {
    await catchUp();
    return asking(work);
  };

  return {
    read: (key) => caughtUp(() => read(key)),
    readVersion: (key, version) => (version === 1 ? caughtUp(() => read(key)) : Promise.resolve(undefined)),
    history: (request) => caughtUp(async () => (await find(historyOf(request))).map(published)),
    search: (search) => caughtUp(async () => (await find(pageOf(search))).map((draft) => matchOf(draft, search))),
    count: (search) => caughtUp(() => count(search)),
    estimate: (search) => caughtUp(() => count(search)),
    explain: async (search) => (search.types.includes(TYPE) ? [await explainStatement(pool, [TYPE], pageStatement(pageOf(search)))] : []),
    collect: (request) => caughtUp(async () => textsOf(await find({ ...request, ...FORWARD, limit: ALL }), request)),
    aggregate: (request) => caughtUp(async () => aggregateRows(await find({ ...request, ...FORWARD, limit: ALL }), request)),
    commit: async ({ writes }) => {
      if (writes.length > 0) throw methodNotAllowed('Audit events are written by the server alone', 'GET, HEAD');
    },
    findIdempotency: async () => undefined,
  };
}

const published = ({ index: _index, ...version }: ResourceDraft): ResourceVersion => version;

const tooBroad = () => tooCostly(`More than ${MOST_LOOKED_AT} audit events would have to be looked at: name a time, a patient or a user`);

interface FoundBy extends Pick<StoreSearch, 'types' | 'where' | 'limit'> {
  /** Of time, and of identity where the time is the same. */
  readonly direction: 'ASC' | 'DESC';
  readonly tie: 'ASC' | 'DESC';
  /** Go on after this event. */
  readonly after?: { readonly place: EventPlace } | undefined;
}

/** By time, then chain, then number: the order of ids. */
function pageStatement({ where, direction, tie, after }: FoundBy) {
  const parameters = createParameters();
  const condition = auditCondition(where, parameters).sql;
  const further = after ? `AND ${isAfter(after.place, { direction, tie }, parameters)}` : '';
  const order = `e.recorded_at ${direction}, e.chain ${tie}, e.seq ${tie}`;
  const text = `SELECT ${COLUMNS} FROM ${SOURCE} WHERE ${condition} ${further} ORDER BY ${order} LIMIT ${AT_ONCE}`;
  return { text, values: [...parameters.values] };
}

function isAfter(
  { recorded, chain, seq }: EventPlace,
  { direction, tie }: Pick<FoundBy, 'direction' | 'tie'>,
  parameters: Parameters,
): string {
  const [later, further] = [direction, tie].map((way) => (way === 'ASC' ? '>' : '<'));
  const at = `to_timestamp(${parameters.add(recorded / 1000)}::float8)`;
  const numbers = `(${parameters.add(chain)}::integer, ${parameters.add(seq)}::bigint)`;
  return `e.recorded_at ${later}= ${at} AND (e.recorded_at ${later} ${at} OR (e.chain, e.seq) ${further} ${numbers})`;
}

const TIMES = new Set(['date', '_lastUpdated', '_id', '_identity']);

/** @throws FhirError 400 for an order that is not that of time */
function pageOf({ types, where, limit, sort, after }: StoreSearch): FoundBy {
  const other = sort.find(({ parameter }) => !TIMES.has(parameter));
  if (other)
    throw unsupportedParameter(`_sort: audit events can be sorted by date, _lastUpdated and _id, not by "${other.parameter}"`, '_sort');
  const identity = after?.at(-1);
  const place = typeof identity === 'string' ? placeOf(identity.slice(identity.lastIndexOf('/') + 1)) : undefined;
  const direction = sort[0]?.descending ? 'DESC' : 'ASC';
  const isByIdentity = sort[0]?.parameter === '_id' || sort[0]?.parameter === '_identity';
  const tie = sort.at(-1)?.descending ? 'DESC' : 'ASC';
  return { types, where, limit, direction, tie: isByIdentity ? direction : tie, after: place && { place } };
}

function matchOf(draft: ResourceDraft, { sort }: StoreSearch): SearchMatch {
  return { resource: published(draft), sortValues: sortValuesOf(draft, sort) };
}

function historyOf({ types = [TYPE], id, since, until, during, after, limit }: HistoryRequest): FoundBy {
  const conditions = [
    ...(since !== undefined ? [{ bound: 'lo', op: 'ge', value: since } as const] : []),
    ...(until !== undefined ? [{ bound: 'lo', op: 'le', value: until } as const] : []),
    ...(during !== undefined ? [{ bound: 'lo', op: 'le', value: during.to } as const] : []),
  ];
  const place = after && placeOf(after.identity.slice(after.identity.lastIndexOf('/') + 1));
  const where = {
    kind: 'and',
    of: [{ kind: 'updated', conditions }, ...(id !== undefined ? [{ kind: 'ids', ids: [id] } as const] : [])],
  } as const;
  return { types, where, limit, direction: 'DESC', tie: 'ASC', after: place && { place } };
}

function textsOf(drafts: readonly ResourceDraft[], { prefixes, limit }: StoreCollect): string[] {
  const wanted = (draft: ResourceDraft) =>
    prefixes ? draft.index.s.filter((entry) => prefixes.some((prefix) => entry.startsWith(prefix))) : [keyText(draft)];
  return [...new Set(drafts.flatMap(wanted))].slice(0, limit);
}
