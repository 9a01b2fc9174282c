/** Rows of audit events, and the heads of their chains. */
import type { Pool } from 'pg';
import type { WritesSink } from '../../../audit/missing-writes.ts';
import type { AuditRow, AuditSink, StoredChain } from '../../../audit/relay.ts';
import { hexArray, textArray, timestampArray } from '../binary.ts';
import type { PartitionCatalogue } from '../partitions/catalogue.ts';
import { AUDIT_TABLE } from './table.ts';

const HEAD = `c.number, c.seq::float8 AS seq, encode(c.hash, 'hex') AS hash, c.file::float8 AS file, c.position::float8 AS position, c.covered_at::float8 AS covered_at,
  coalesce((SELECT max(r.seq) FROM audit_root r WHERE r.chain = c.number), 0)::float8 AS root_seq,
  coalesce((SELECT max(r.at) FROM audit_root r WHERE r.chain = c.number), c.opened_at)::float8 AS root_at`;

interface HeadRow {
  readonly number: number;
  readonly seq: number;
  readonly hash: string;
  readonly file: number;
  readonly position: number;
  readonly root_seq: number;
  readonly root_at: number;
  readonly covered_at: number;
}

const chainOf = ({ number, seq, hash, file, position, root_seq, root_at, covered_at }: HeadRow): StoredChain => ({
  number,
  seq,
  hash,
  position: { file, offset: position },
  lastRoot: { seq: root_seq, at: root_at },
  coveredAt: covered_at,
});

/** `now`: milliseconds since 1970. */
export function createAuditSink(pool: Pool, partitions: PartitionCatalogue, now: () => number): AuditSink & WritesSink {
  return {
    async findChain(name) {
      const { rows } = await pool.query<HeadRow>(`SELECT ${HEAD} FROM audit_chain c WHERE c.name = $1`, [name]);
      return rows[0] && chainOf(rows[0]);
    },

    async openChain(name, { seq, hash }, { file, offset }) {
      const { rows } = await pool.query<HeadRow>(
        `INSERT INTO audit_chain AS c (name, opened_at, covered_at, seq, hash, file, position) VALUES ($1, $2, $2, $3, decode($4, 'hex'), $5, $6) RETURNING ${HEAD}`,
        [name, now(), seq, hash, file, offset],
      );
      return chainOf(rows[0] as HeadRow);
    },

    async append(chain, after, rows, { file, offset }, coveredAt) {
      await partitions.ensure(
        AUDIT_TABLE,
        rows.map(({ recorded }) => recorded),
      );
      const head = rows.at(-1)?.hash ?? after.hash;
      const { rows: moved } = await pool.query<{ n: number }>({
        name: 'append_audit',
        // A text of a million characters must not be planned for: the statement is the same for every batch.
        text: `WITH head AS (
            UPDATE audit_chain SET seq = seq + $4, hash = decode($5, 'hex'), file = $6, position = $7, beat_at = $8, covered_at = $13, is_closed = false
            WHERE number = $1 AND seq = $2 AND hash = decode($3, 'hex') RETURNING number
          ), stored AS (
            INSERT INTO auditevent (recorded_at, chain, seq, record, hash, keys)
            SELECT i.recorded_at, head.number, $2::bigint + i.place, i.record, i.hash, i.keys::integer[]
            FROM head, unnest($9::timestamptz[], $10::text[], $11::bytea[], $12::text[])
              WITH ORDINALITY AS i (recorded_at, record, hash, keys, place)
          )
          SELECT count(*)::integer AS n FROM head`,
        values: [chain, after.seq, after.hash, rows.length, head, file, offset, now(), ...columnsOf(rows), coveredAt],
      });
      if (moved[0]?.n !== 1) throw new Error('the audit chain has another head than the gateway that writes it knows');
    },

    async keepRoot(chain, seq, signed, at) {
      await pool.query('INSERT INTO audit_root (chain, seq, at, signed) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING', [
        chain,
        seq,
        at,
        signed,
      ]);
    },

    async beat(chain, coveredAt, isClosed) {
      await pool.query('UPDATE audit_chain SET beat_at = $2, covered_at = $3, is_closed = $4 WHERE number = $1', [
        chain,
        now(),
        coveredAt,
        isClosed,
      ]);
    },

    async abandoned(own, silentMs) {
      const { rows } = await pool.query<{ number: number; covered_at: number }>(
        'SELECT number, covered_at::float8 AS covered_at FROM audit_chain WHERE number <> $1 AND NOT is_closed AND coalesce(beat_at, opened_at) < $2',
        [own, now() - silentMs],
      );
      return rows.map(({ number, covered_at }) => ({ chain: number, coveredAt: covered_at }));
    },

    async eventsSince(since) {
      const { rows } = await pool.query<{ request: string; entities: string }>(
        `SELECT split_part(record, E'\t', 5) AS request, split_part(record, E'\t', 10) AS entities FROM auditevent
         WHERE recorded_at >= to_timestamp($1::float8) AND split_part(record, E'\t', 3) <> ALL ($2)`,
        [since / 1000, READS],
      );
      return rows.map(({ request, entities }) => ({ request, entities: entities === '' ? [] : entities.split(' ') }));
    },
  };
}

/** Most of all events, and they write nothing. */
const READS = ['read', 'vread', 'search-type', 'search-system', 'history-instance', 'history-type', 'history-system'];

const columnsOf = (rows: readonly AuditRow[]) => [
  timestampArray(rows.map(({ recorded }) => recorded)),
  textArray(rows.map(({ text }) => text)),
  hexArray(rows.map(({ hash }) => hash)),
  textArray(rows.map(({ keys }) => `{${keys.join(',')}}`)),
];
