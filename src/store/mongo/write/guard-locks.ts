/**
 * Locks of conditions: of units that are guarded by the same condition, one at a time checks it and commits.
 *
 * A lock is a document under the guard's key, made before the check and removed when the commit is decided, so that neither
 * the check nor the commit needs a transaction over the shards: see docs/decisions/014. Whoever finds a lock of a gateway
 * that is gone, or one that is older than any commit, removes it.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { unavailable } from '../../../model/error.ts';
import { BATCHING, createBatcher, type Outcome } from '../../batcher.ts';
import { CommitRefused, type Guard } from '../../store.ts';
import { DURABLE, type MongoCollections } from '../client.ts';
import { COMMAND_WITHIN_MS } from '../cluster/one-shard.ts';
import type { ShardTrips } from '../cluster/shard-trips.ts';
import type { GuardDocument } from '../document.ts';
import { isDuplicateKeyCode, undecided } from '../errors.ts';
import { retryTransient } from '../retry.ts';

/** The gateway that locks, and what tells it that others will never write again. */
interface LockHolder {
  readonly gatewayId: string;
  readonly goneAmong: (gatewayIds: readonly string[]) => Promise<readonly string[]>;
}

interface GuardedWork {
  /** @throws CommitRefused when a condition no longer holds. Nothing is written yet. */
  check(): Promise<void>;
  /** @throws CommitRefused when nothing was written; after any other error something may yet be. */
  commit(): Promise<void>;
}

export interface GuardLocks {
  /** Names the holder; until then locks of others are taken over by their age only. */
  holdAs(holder: LockHolder): void;
  /** Checks and commits while nobody else does under any of these guards. @throws FhirError 503 when that takes too long */
  during(guards: readonly Guard[], work: GuardedWork): Promise<void>;
}

/** How long a unit waits for another one's commit. */
const PATIENCE_MS = 15_000;
/** A commit that would begin later than this after its lock does not begin. */
const BEGIN_WITHIN_MS = 15_000;
/** Longer than a unit may hold its lock: to begin, and for the longest commit. */
const OUTDATED_MS = 60_000;
/** A commit whose outcome nobody was told is decided by then. */
const SETTLED_MS = 20_000;
const MAX_ITEMS = 500;
const NOBODY: LockHolder = { gatewayId: '', goneAmong: async () => [] };

/** Guards are hashes: their first digits spread the locks over the shards. */
export const guardIdOf = ({ key }: Pick<Guard, 'key'>): string => `00${key.slice(0, 8)}/${key}`;

const idOf = ({ _id }: GuardDocument) => _id;

export function createGuardLocks({ database, guards }: MongoCollections, trips: ShardTrips): GuardLocks {
  const inTurn = createKeyedQueue();
  /** The units of this gateway that hold locks, or want to. */
  const own = new Set<string>();
  /** Locks on their way out, by id: whoever wants the next one waits for that. */
  const leaving = new Map<string, Promise<void>>();
  let holder = NOBODY;

  const lock = createBatcher<GuardDocument, boolean>({
    maxItems: MAX_ITEMS,
    ...BATCHING,
    run: (items) => trips.write(items, idOf, lockAll),
  });
  const unlock = createBatcher<GuardDocument, void>({
    maxItems: MAX_ITEMS,
    ...BATCHING,
    run: (items) => trips.write(items, idOf, unlockAll),
  });

  async function lockAll(locks: readonly GuardDocument[]): Promise<Outcome<boolean>[]> {
    const command = { insert: 'guards', documents: locks, ordered: false, writeConcern: DURABLE, maxTimeMS: COMMAND_WITHIN_MS };
    const { writeErrors = [], writeConcernError } = await database.command(command);
    if (writeConcernError || writeErrors.some(({ code }: { code: number }) => !isDuplicateKeyCode(code))) throw undecided();
    if (writeErrors.length === 0) return locks.map(() => ({ ok: true }));
    const there = new Map((await guards.find({ _id: { $in: locks.map(idOf) } }).toArray()).map((each) => [each._id, each]));
    // A lock that was sent twice meets itself.
    return locks.map(({ _id, unit }) => ({ ok: there.get(_id)?.unit === unit }));
  }

  async function unlockAll(locks: readonly GuardDocument[]): Promise<Outcome<void>[]> {
    const deletes = locks.map(({ _id, unit }) => ({ q: { _id, unit }, limit: 1 }));
    await database.command({ delete: 'guards', deletes, ordered: false, writeConcern: { w: 1 }, maxTimeMS: COMMAND_WITHIN_MS });
    return locks.map(() => ({ ok: undefined }));
  }

  /** What can't be unlocked now is taken over when somebody meets it. */
  async function unlockEach(locks: readonly GuardDocument[]): Promise<void> {
    for (const { unit } of locks) own.delete(unit);
    const left = Promise.all(locks.map(unlock)).then(
      () => undefined,
      () => undefined,
    );
    for (const { _id } of locks) leaving.set(_id, left);
    await left;
    for (const { _id } of locks) if (leaving.get(_id) === left) leaving.delete(_id);
  }

  /** All of the locks or none. */
  async function tryLock(ids: readonly string[]): Promise<readonly GuardDocument[] | undefined> {
    const at = new Date();
    const unit = randomUUID();
    const wanted = ids.map((_id): GuardDocument => ({ _id, gateway: holder.gatewayId, unit, at }));
    own.add(unit);
    try {
      const isLocked = await Promise.all(wanted.map(lock));
      if (isLocked.every(Boolean)) return wanted;
      await unlockEach(wanted.filter((_, index) => isLocked[index]));
      own.delete(unit);
      await takeOver(wanted.filter((_, index) => !isLocked[index]).map(idOf));
      return undefined;
    } catch (error) {
      own.delete(unit);
      throw error;
    }
  }

  /** Removes those of the locks that nobody will. */
  async function takeOver(ids: readonly string[]): Promise<void> {
    const there = await retryTransient(() => guards.find({ _id: { $in: [...ids] } }).toArray());
    const others = [...new Set(there.map(({ gateway }) => gateway))].filter((id) => id !== '' && id !== holder.gatewayId);
    const gone = new Set(others.length > 0 ? await holder.goneAmong(others) : []);
    const isLeft = ({ gateway, unit, at }: GuardDocument) =>
      Date.now() - at.getTime() > OUTDATED_MS || (gateway === holder.gatewayId ? !own.has(unit) : gone.has(gateway));
    await unlockEach(there.filter(isLeft));
  }

  async function lockAllOf(ids: readonly string[]): Promise<readonly GuardDocument[]> {
    await Promise.all(ids.map((id) => leaving.get(id)));
    const giveUpAt = performance.now() + PATIENCE_MS;
    for (let attempt = 0; performance.now() < giveUpAt; attempt++) {
      const locks = await tryLock(ids);
      if (locks) return locks;
      await sleep(Math.min(5 * 1.5 ** attempt, 200) * (0.5 + Math.random()));
    }
    throw unavailable('Other requests on the same condition are under way.', 1);
  }

  async function locked(ids: readonly string[], { check, commit }: GuardedWork): Promise<void> {
    const locks = await lockAllOf(ids);
    const beginUntil = performance.now() + BEGIN_WITHIN_MS;
    let isDecided = true;
    try {
      await check();
      if (performance.now() > beginUntil) throw unavailable('Checking the condition took too long.', 1);
      isDecided = false;
      await commit();
      isDecided = true;
    } catch (error) {
      isDecided ||= error instanceof CommitRefused;
      throw error;
    } finally {
      if (isDecided) void unlockEach(locks);
      else setTimeout(unlockEach, SETTLED_MS, locks).unref();
    }
  }

  return {
    holdAs(gateway) {
      holder = gateway;
    },
    during: (all, work) => {
      const ids = [...new Set(all.map(guardIdOf))].sort();
      return inTurn(ids, () => locked(ids, work));
    },
  };
}

/** Work under the same key runs in turn within this gateway, so that it need not knock at the store's door. */
function createKeyedQueue(): (keys: readonly string[], work: () => Promise<void>) => Promise<void> {
  const tails = new Map<string, Promise<unknown>>();
  return async (keys, work) => {
    const before = keys.map((key) => tails.get(key));
    const done = Promise.all(before).then(work);
    const tail = done.catch(() => undefined);
    for (const key of keys) tails.set(key, tail);
    try {
      await done;
    } finally {
      for (const key of keys) if (tails.get(key) === tail) tails.delete(key);
    }
  };
}
