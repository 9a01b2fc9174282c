/**
 * Brings a database to the state that this version of the gateway needs: collections, shard keys, ranges, indexes.
 *
 * Migrations are numbered (`migrations/mongo`), idempotent, and run by one gateway at a time under a lease.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Db, MongoClient } from 'mongodb';
import { type Migration, migrations } from '../../../migrations/mongo/index.ts';
import { isDuplicateKey, isPassingInSetUp } from './errors.ts';
import { retryTransient } from './retry.ts';

const LEASE_MS = 60_000;
const PATIENCE_MS = 120_000;
/** Of one step, while primaries change: shorter than the lease. */
const STEP_PATIENCE_MS = 45_000;

interface MigrationState {
  readonly _id: 'state';
  readonly applied: readonly number[];
  readonly holder?: string;
  readonly heldUntil?: Date;
}

/** Runs the migrations that the database lacks. Safe when several gateways start at once. Gives the numbers that ran. */
export async function migrateMongo(client: MongoClient, databaseName: string): Promise<readonly number[]> {
  const database = client.db(databaseName);
  const state = database.collection<MigrationState>('migrations');
  if ((await inSetUp(() => pendingIn(database))).length === 0) return [];
  const holder = randomUUID();
  await acquire(database, holder);
  try {
    const pending = await inSetUp(() => pendingIn(database));
    for (const migration of pending) {
      await inSetUp(() => migration.run({ client, databaseName }));
      const applied = { $addToSet: { applied: migration.number } } as never;
      await inSetUp(() => state.updateOne({ _id: 'state' }, applied, { writeConcern: { w: 'majority' } }));
    }
    return pending.map(({ number }) => number);
  } finally {
    await inSetUp(() => state.updateOne({ _id: 'state', holder }, { $unset: { holder: '', heldUntil: '' } }));
  }
}

/** Members that have just been started often change their primary once more. */
const inSetUp = <Result>(step: () => Promise<Result>) =>
  retryTransient(step, { patienceMs: STEP_PATIENCE_MS, isPassing: isPassingInSetUp });

async function pendingIn(database: Db): Promise<readonly Migration[]> {
  const state = await database.collection<MigrationState>('migrations').findOne({ _id: 'state' });
  return migrations.filter(({ number }) => !state?.applied.includes(number));
}

async function acquire(database: Db, holder: string): Promise<void> {
  const state = database.collection<MigrationState>('migrations');
  const giveUpAt = performance.now() + PATIENCE_MS;
  await inSetUp(() =>
    state.insertOne({ _id: 'state', applied: [] }).catch((error: unknown) => (isDuplicateKey(error) ? undefined : Promise.reject(error))),
  );
  for (;;) {
    const now = new Date();
    const held = await inSetUp(() =>
      state.updateOne(
        { _id: 'state', $or: [{ holder }, { holder: { $exists: false } }, { heldUntil: { $lt: now } }] },
        { $set: { holder, heldUntil: new Date(now.getTime() + LEASE_MS) } },
        { writeConcern: { w: 'majority' } },
      ),
    );
    if (held.matchedCount === 1) return;
    if (performance.now() > giveUpAt) throw new Error('another gateway has been migrating MongoDB for more than two minutes');
    await sleep(100);
  }
}
