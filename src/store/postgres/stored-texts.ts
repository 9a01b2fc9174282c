/** The texts of current rows and of `resource_history`, as they lie there. */
import type { Pool } from 'pg';
import type { ResourceVersion } from '../../model/resource.ts';
import type { ReindexPage, ReindexPart } from '../reindex.ts';
import type { StoredTexts, TextChange } from '../stored-texts.ts';
import { int4Array, textArray } from './binary.ts';
import { tableOf } from './business-date.ts';
import { translating } from './errors.ts';
import { VERSION_COLUMNS, type VersionRow, versionFrom } from './row.ts';

const PAST: ReindexPart = { store: 'postgresql', name: 'resource_history', types: [], isPast: true };

export function createPostgresTexts(pool: Pool): StoredTexts {
  return {
    parts: async () => [PAST],
    page: (_part, after, limit) => translating(() => page(pool, after, limit)),
    replace: (part, changes) => translating(() => replace(pool, part, changes)),
  };
}

/** Where a page ends, as text: type, id and version. */
const positionOf = ({ type, id, version }: ResourceVersion) => `${type}/${id}/${version}`;

async function page(pool: Pool, after: string | undefined, limit: number): Promise<ReindexPage> {
  const [type = '', id = '', version = '0'] = after?.split('/') ?? [];
  const { rows } = await pool.query<[string, ...VersionRow]>({
    text: `SELECT type, ${VERSION_COLUMNS.join(', ')} FROM resource_history
      WHERE (type, id, version) > ($1, $2, $3) ORDER BY type, id, version LIMIT $4`,
    values: [type, id, Number(version), limit],
    rowMode: 'array',
  });
  const versions = rows.map(([of, ...row]) => versionFrom(of, row));
  const last = versions.at(-1);
  return { versions: versions.filter(({ raw }) => raw !== ''), ...(rows.length === limit && last && { after: positionOf(last) }) };
}

/** By what was there before: a row that has been written since is left alone, wherever it lies now. */
async function replace(pool: Pool, { isPast, types: [current = ''] }: ReindexPart, changes: readonly TextChange[]): Promise<void> {
  const table = isPast ? 'resource_history' : tableOf(current).table;
  const isSame = isPast ? 't.type = i.type AND t.id = i.id' : 't.rk = i.rk AND t.id = i.id';
  await pool.query(
    `UPDATE ${table} t SET raw = i.raw
     FROM unnest($1::text[], $2::text[], $3::text[], $4::integer[], $5::text[], $6::text[]) AS i (type, rk, id, version, stored, raw)
     WHERE ${isSame} AND t.version = i.version AND t.raw = i.stored`,
    [
      textArray(changes.map(({ version }) => version.type)),
      textArray(changes.map(({ version }) => version.rk)),
      textArray(changes.map(({ version }) => version.id)),
      int4Array(changes.map(({ version }) => version.version)),
      textArray(changes.map(({ stored }) => stored)),
      textArray(changes.map(({ raw }) => raw)),
    ],
  );
}
