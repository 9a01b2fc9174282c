/**
 * Audit events as resources: read and searched, never written by clients.
 *
 * SQL finds where matches can be, by time and by a few keys; the AuditEvents are then made of the records, indexed, and held
 * against the search with `match.ts`, so that a search means here what it means everywhere.
 */
import type { Pool } from 'pg';
import { parseRecord, type SealQuery } from '../../../audit/record.ts';
import { auditEventOf, placeOf } from '../../../audit/render.ts';
import { methodNotAllowed, tooCostly } from '../../../model/error.ts';
import type { IndexEntries, ResourceDraft, ResourceKey, ResourceVersion } from '../../../model/resource.ts';
import { keyText } from '../../../model/resource.ts';
import type { SearchExpression } from '../../../search/expression/expression.ts';
import { matches } from '../../../search/expression/match.ts';
import { aggregateRows } from '../../aggregate-rows.ts';
import { sortValuesOf } from '../../order.ts';
import type { HistoryRequest, ResourceStore, SearchMatch, StoreCollect, StoreSearch } from '../../store.ts';
import { asking } from '../errors.ts';
import { explainStatement } from '../search/explain.ts';
import { createParameters } from '../search/parameters.ts';
import { auditCondition } from './condition.ts';
import { ANY_ORDER, historyOrder, isAfter, NO_RECORD, TYPE, type Way, wayThrough } from './page.ts';

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

/** Rows looked at for one page or one count, when SQL alone can't tell. */
const MOST_LOOKED_AT = 20_000;
const AT_ONCE = 500;
const ALL = Number.POSITIVE_INFINITY;

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
    const way = wayThrough(search);
    if (!search.types.includes(TYPE) || way.isOver) return [];
    const found: ResourceDraft[] = [];
    let { after } = way;
    for (let lookedAt = 0; ; lookedAt += AT_ONCE) {
      const { rows } = await pool.query<EventRow>(pageStatement(search.where, { ...way, after }));
      const drafts = rows.map(draftOf);
      found.push(...drafts.filter((draft) => matches(search.where, draft) && way.isBeyond(draft)));
      if (rows.length < AT_ONCE || found.length >= search.limit) return found.slice(0, search.limit);
      if (lookedAt + AT_ONCE >= MOST_LOOKED_AT) throw tooBroad();
      after = placeOf(drafts.at(-1)?.id ?? '');
    }
  }

  async function count({ types, where }: Pick<StoreSearch, 'types' | 'where'>): Promise<number> {
    if (!types.includes(TYPE)) return 0;
    const parameters = createParameters();
    const { sql, isExact } = auditCondition(where, parameters);
    if (!isExact) return (await find({ types, where, ...ANY_ORDER, limit: ALL })).length;
    const text = `SELECT count(*)::float8 AS n FROM auditevent e WHERE ${sql}`;
    const { rows } = await pool.query<{ n: number }>(text, [...parameters.values]);
    return rows[0]?.n ?? 0;
  }

  async function read({ id }: ResourceKey): Promise<ResourceVersion | undefined> {
    if (!placeOf(id)) return undefined;
    const [draft] = await find({ types: [TYPE], where: { kind: 'ids', ids: [id] }, ...ANY_ORDER, limit: 1 });
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
    search: (search) => caughtUp(async () => (await find(search)).map((draft) => matchOf(draft, search))),
    count: (search) => caughtUp(() => count(search)),
    estimate: (search) => caughtUp(() => count(search)),
    explain: async (search) =>
      search.types.includes(TYPE) ? [await explainStatement(pool, [TYPE], pageStatement(search.where, wayThrough(search)))] : [],
    collect: (request) => caughtUp(async () => textsOf(await find({ ...request, ...ANY_ORDER, limit: ALL }), request)),
    aggregate: (request) => caughtUp(async () => aggregateRows(await find({ ...request, ...ANY_ORDER, limit: ALL }), request)),
    commit: async ({ writes }) => {
      if (writes.length > 0) throw methodNotAllowed('Audit events are written by the server alone', 'GET, HEAD');
    },
    findIdempotency: async () => undefined,
  };
}

const published = ({ index: _index, ...version }: ResourceDraft): ResourceVersion => version;

const tooBroad = () => tooCostly(`More than ${MOST_LOOKED_AT} audit events would have to be looked at: name a time, a patient or a user`);

type FoundBy = Pick<StoreSearch, 'types' | 'where' | 'limit' | 'sort' | 'after' | 'backward'>;

function pageStatement(where: SearchExpression, { direction, tie, after }: Pick<Way, 'direction' | 'tie' | 'after'>) {
  const parameters = createParameters();
  const condition = auditCondition(where, parameters).sql;
  const further = after ? `AND ${isAfter(after, { direction, tie }, parameters)}` : '';
  const order = `e.recorded_at ${direction}, e.chain ${tie}, e.seq ${tie}`;
  const text = `SELECT ${COLUMNS} FROM ${SOURCE} WHERE ${condition} ${further} ORDER BY ${order} LIMIT ${AT_ONCE}`;
  return { text, values: [...parameters.values] };
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
  const where = {
    kind: 'and',
    of: [{ kind: 'updated', conditions }, ...(id !== undefined ? [{ kind: 'ids', ids: [id] } as const] : [])],
  } as const;
  return { types, where, limit, ...historyOrder({ after }) };
}

function textsOf(drafts: readonly ResourceDraft[], { prefixes, limit }: StoreCollect): string[] {
  const wanted = (draft: ResourceDraft) =>
    prefixes ? draft.index.s.filter((entry) => prefixes.some((prefix) => entry.startsWith(prefix))) : [keyText(draft)];
  return [...new Set(drafts.flatMap(wanted))].slice(0, limit);
}
