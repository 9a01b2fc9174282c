/**
 * The ledger: markers of two-phase commits and idempotency records.
 *
 * A marker's unique `_id` decides exactly once: the transaction inserts it as `committed`, last; recovery inserts it as
 * `aborted`. Whoever is first wins, and no clock is trusted.
 */
import { UUID } from 'mongodb';
import type { Idempotency } from '../../store.ts';
import type { MongoCollections } from '../client.ts';
import { DURABLE } from '../client.ts';
import type { LedgerDocument } from '../document.ts';
import { isDuplicateKey } from '../errors.ts';
import { asked, retryTransient } from '../retry.ts';

/** What identifies a two-phase commit. `rk` puts the marker on the shard of the record that the unit is about. */
export interface LedgerMarker {
  readonly gid: string;
  readonly rk: string;
  /** What a replay of the request answers: JSON text (status, location and etag by entry). */
  readonly answer: string;
  /** What the commit writes, in both stores: `<record key>/<Type>/<id>/<version>`. For `$replica?verify=true`. */
  readonly writes: readonly string[];
}

function markerIdOf({ gid, rk }: Pick<LedgerMarker, 'gid' | 'rk'>): string {
  return `${rk}/~tx/${gid}`;
}

/** `Type/id` in the name of a version. */
export const keyInVersionName = (name: string): string => name.split('/').slice(1, 3).join('/');

/** Keys are hashes: their first digits spread the records over the shards. */
export function ledgerIdOfKey(key: string): string {
  return `00${key.slice(0, 8)}/~key/${key}`;
}

/** The one document that says what became of the commit. */
export function markerDocument(marker: LedgerMarker, state: 'committed' | 'aborted'): LedgerDocument {
  return { _id: markerIdOf(marker), kind: 'transaction', at: new Date(), state, answer: marker.answer, writes: marker.writes };
}

/**
 * Decides a two-phase commit whose gateway may be gone: kills its session (it would hold the marker for as long as a transaction may live), then
 * fences it with an `aborted` marker, or obeys the marker that is there.
 */
export async function decideTransaction(
  { client, ledger }: MongoCollections,
  marker: Pick<LedgerMarker, 'gid' | 'rk'>,
  sessionId: string | undefined,
): Promise<'committed' | 'aborted'> {
  const _id = markerIdOf(marker);
  if (sessionId) await client.db('admin').command({ killSessions: [{ id: new UUID(sessionId) }] });
  return retryTransient(async () => {
    try {
      await ledger.insertOne({ _id, kind: 'transaction', at: new Date(), state: 'aborted' }, { writeConcern: DURABLE });
      return 'aborted' as const;
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
      const there = await ledger.findOne({ _id }, { readConcern: { level: 'linearizable' }, maxTimeMS: 5_000 });
      return there?.state ?? 'aborted';
    }
  });
}

/** The idempotency record with this key. */
export async function findIdempotency({ ledger }: MongoCollections, key: string): Promise<Idempotency | undefined> {
  const record = await asked(() => ledger.findOne({ _id: ledgerIdOfKey(key) }));
  return record ? { key, bodyHash: record.bodyHash ?? '', answer: record.answer ?? '' } : undefined;
}

/** Removes records older than `before` except markers in `keep` (gids that PostgreSQL still holds prepared). */
export async function sweepLedger(
  { ledger }: MongoCollections,
  before: Date,
  keep: readonly Pick<LedgerMarker, 'gid' | 'rk'>[],
): Promise<number> {
  const result = await ledger.deleteMany({ at: { $lt: before }, kind: { $ne: 'secret' }, _id: { $nin: keep.map(markerIdOf) } });
  return result.deletedCount;
}
