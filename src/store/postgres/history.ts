/** Versions of one resource, of types or of the whole store, newest first. */
import type { Pool } from 'pg';
import type { ResourceVersion } from '../../model/resource.ts';
import type { HistoryRequest } from '../store.ts';
import { isArchived } from './archive/catalogue.ts';
import { ADMINISTRATIVE_TABLES } from './business-date.ts';
import { queryUntil } from './connections/query-until.ts';
import type { Reader } from './read.ts';
import { VERSION_COLUMNS, type VersionRow, versionFrom } from './row.ts';
import { createParameters, type Parameters } from './search/parameters.ts';

type HistoryRow = readonly [type: string, isCurrent: boolean, ...version: VersionRow];

/**
 * One page. The statement gives past versions whole and current ones by key only; those are then read by key, each from its
 * partition.
 */
export async function readHistory(pool: Pool, reader: Reader, request: HistoryRequest): Promise<ResourceVersion[]> {
  const { text, values } = pageStatement(request);
  const rows = await queryUntil<HistoryRow>(request.signal, pool, { text, values: [...values], rowMode: 'array' });
  const versions = await Promise.all(
    rows.map(async ([type, isCurrent, ...version]) => {
      if (!isCurrent) return versionFrom(type, version);
      const [id, , number] = version;
      const current = await reader.read({ type, id });
      // Replaced since the statement ran: then it is in the history now.
      return current?.version === number ? current : reader.readVersion({ type, id }, number);
    }),
  );
  return versions.filter((version) => version !== undefined);
}

function pageStatement(request: HistoryRequest) {
  const parameters = createParameters();
  const types = request.types ?? ADMINISTRATIVE_TABLES.map(({ type }) => type);
  const limit = parameters.add(request.limit);
  const list = parameters.add(types);
  const order = 'at DESC, rk, type, id, version DESC';
  const past = VERSION_COLUMNS.map((name) => `v.${name}`).join(', ');
  const current = VERSION_COLUMNS.map((name) => CURRENT[name] ?? 'NULL').join(', ');
  // One resource's history tells by 410 that its current version is archived; others leave such versions out.
  const online = request.id === undefined ? `NOT ${isArchived('v')}` : 'true';
  const text = `SELECT p.* FROM unnest(${list}::text[]) AS t (type) CROSS JOIN LATERAL (
      (SELECT v.type, true AS is_current, ${current} FROM resource_head v
       WHERE v.type = t.type AND NOT v.deleted AND ${online} AND ${conditions(request, false, parameters)} ORDER BY ${order} LIMIT ${limit})
      UNION ALL
      (SELECT v.type, false, ${past} FROM resource_history v
       WHERE v.type = t.type AND ${conditions(request, true, parameters)} ORDER BY ${order} LIMIT ${limit})
    ) AS p ORDER BY ${order} LIMIT ${limit}`;
  return { text, values: parameters.values };
}

/** Columns that a head has; the rest is in the row. */
const CURRENT: Partial<Record<(typeof VERSION_COLUMNS)[number], string>> = {
  id: 'v.id',
  rk: 'v.rk',
  version: 'v.version',
  at: 'v.at',
  deleted: 'v.deleted',
};

function conditions({ id, since, until, during, after }: HistoryRequest, isPast: boolean, parameters: Parameters): string {
  const place = (value: number) => `${parameters.add(Math.ceil(value))}::bigint`;
  const all = ['true'];
  if (id !== undefined) all.push(`v.id = ${parameters.add(id)}::text`);
  if (since !== undefined) all.push(`v.at >= ${place(since)}`);
  if (until !== undefined) all.push(`v.at <= ${place(Math.floor(until))}`);
  if (during) {
    all.push(`v.at <= ${place(Math.floor(during.to))}`);
    if (isPast) all.push(`(v.replaced_at IS NULL OR v.replaced_at > ${place(Math.floor(during.from))})`);
  }
  if (after) {
    const [rk = '', type = '', ...rest] = after.identity.split('/');
    const [at, key, version] = [
      place(after.at),
      [rk, type, rest.join('/')].map((part) => `${parameters.add(part)}::text`).join(', '),
      place(after.version),
    ];
    all.push(`v.at <= ${at}`);
    all.push(`(v.at < ${at} OR (v.rk, v.type, v.id) > (${key}) OR ((v.rk, v.type, v.id) = (${key}) AND v.version < ${version}))`);
  }
  return all.join(' AND ');
}
