/**
 * Moving ranges of record keys between shards, and the zones that pin them.
 *
 * All collections are cut alike and move together, so that a record stays on one shard with its history.
 * @see https://www.mongodb.com/docs/manual/reference/command/moveRange/
 */
import { type Document, MaxKey, MinKey } from 'mongodb';
import { invalidValue, unprocessable } from '../../../model/error.ts';
import type { BalancerState, KeyRange, MovePiece } from '../../administration.ts';
import { COLLECTIONS, type MongoCollections } from '../client.ts';
import { apart } from './co-location.ts';
import { within } from './shard-figures.ts';
import { isSharded, rangesOf, zonesOf } from './topology.ts';

/** The gateways' seats stay: each stands for the shard that it lies on. */
const MOVED = COLLECTIONS.filter((name) => name !== 'gateways');
const COUNT_WITHIN_MS = 30_000;

/** What lies in the range and not on one of the shards, chunk by chunk, counted. @throws FhirError 422 for a replica set */
export async function planMove(collections: MongoCollections, range: KeyRange, shards: readonly string[]): Promise<readonly MovePiece[]> {
  await checkSharded(collections);
  const plans = await Promise.all(MOVED.map((name) => piecesOf(collections, name, range, shards)));
  return Promise.all(plans.flat().map((piece) => measured(collections, piece)));
}

/** Moves the range and gives what had to move. May be repeated: what is there already stays. @throws FhirError 422 */
export async function moveRange(collections: MongoCollections, range: KeyRange, toShard: string): Promise<readonly MovePiece[]> {
  const plan = await planMove(collections, range, [toShard]);
  if (plan.length === 0) return plan;
  await apart(collections, async () => {
    for (const { collection, min, max } of plan) {
      await admin(collections, { moveRange: namespace(collections, collection), min: bound(min), max: bound(max), toShard });
    }
  });
  return plan;
}

/** Pins a range of record keys to shards; a balancer that is on then moves what lies elsewhere. @throws FhirError 422 */
export async function addZone(collections: MongoCollections, zone: string, range: KeyRange, shards: readonly string[]): Promise<void> {
  await checkSharded(collections);
  const other = (await zonesOf(collections)).find((each) => each.zone !== zone && overlap(each, range));
  if (other) throw unprocessable(`record keys from ${other.min} to ${other.max} are in zone ${other.zone}`, 'prefix');
  for (const shard of shards) await admin(collections, { addShardToZone: shard, zone });
  for (const name of MOVED) await setZone(collections, name, range, zone);
}

/** Takes a zone away; what lies where it lies stays there. Gives its ranges. @throws FhirError 422 for a zone that is not there */
export async function removeZone(collections: MongoCollections, zone: string): Promise<readonly KeyRange[]> {
  await checkSharded(collections);
  const ranges = (await zonesOf(collections)).filter((each) => each.zone === zone);
  const { shards } = (await collections.client.db('admin').command({ listShards: 1 })) as { shards: { _id: string; tags?: string[] }[] };
  const members = shards.filter(({ tags }) => tags?.includes(zone));
  if (ranges.length === 0 && members.length === 0) throw invalidValue(`there is no zone "${zone}"`, 'zone');
  for (const range of ranges) for (const name of MOVED) await setZone(collections, name, range, null);
  // Another database of the cluster may use the zone still.
  if ((await collections.client.db('config').collection('tags').countDocuments({ tag: zone })) > 0) return ranges;
  for (const { _id } of members) await admin(collections, { removeShardFromZone: _id, zone });
  return ranges;
}

/** @throws FhirError 422 for a replica set */
export async function switchBalancer(collections: MongoCollections, state: 'start' | 'stop' | 'status'): Promise<BalancerState> {
  await checkSharded(collections);
  if (state !== 'status') await admin(collections, state === 'start' ? { balancerStart: 1 } : { balancerStop: 1 });
  const { mode, inBalancerRound } = await admin(collections, { balancerStatus: 1 });
  return { mode: mode as string, isMoving: inBalancerRound === true };
}

async function setZone(collections: MongoCollections, name: string, { min, max }: KeyRange, zone: string | null): Promise<void> {
  await admin(collections, { updateZoneKeyRange: namespace(collections, name), min: bound(min), max: bound(max), zone });
}

async function checkSharded(collections: MongoCollections): Promise<void> {
  if (!(await isSharded(collections))) throw unprocessable('the clinical store is one replica set: there is nothing to move');
}

async function piecesOf(
  collections: MongoCollections,
  collection: string,
  range: KeyRange,
  shards: readonly string[],
): Promise<readonly Omit<MovePiece, 'documents' | 'bytes'>[]> {
  const chunks = await rangesOf(collections, collection);
  return chunks
    .filter((chunk) => !shards.includes(chunk.shard) && overlap(chunk, range))
    .map(({ shard, ...chunk }) => ({ collection, from: shard, ...intersection(chunk, range) }));
}

async function measured(collections: MongoCollections, piece: Omit<MovePiece, 'documents' | 'bytes'>): Promise<MovePiece> {
  const [sum] = await collections.client
    .db(collections.databaseName)
    .collection(piece.collection)
    .aggregate<{ n: number; bytes: number }>(
      [{ $match: { _id: within(piece) } }, { $group: { _id: null, n: { $sum: 1 }, bytes: { $sum: { $bsonSize: '$$ROOT' } } } }],
      { maxTimeMS: COUNT_WITHIN_MS },
    )
    .toArray();
  return { ...piece, documents: sum?.n ?? 0, bytes: sum?.bytes ?? 0 };
}

const isBefore = (a: string, b: string) => a !== 'MaxKey' && b !== 'MinKey' && (a === 'MinKey' || b === 'MaxKey' || a < b);
const overlap = (a: KeyRange, b: KeyRange) => isBefore(a.min, b.max) && isBefore(b.min, a.max);
const intersection = (a: KeyRange, b: KeyRange): KeyRange => ({
  min: isBefore(a.min, b.min) ? b.min : a.min,
  max: isBefore(a.max, b.max) ? a.max : b.max,
});

const namespace = ({ databaseName }: MongoCollections, collection: string) => `${databaseName}.${collection}`;
const bound = (key: string) => ({ _id: key === 'MinKey' ? new MinKey() : key === 'MaxKey' ? new MaxKey() : key });
const admin = ({ client }: MongoCollections, command: Document): Promise<Document> => client.db('admin').command(command);
