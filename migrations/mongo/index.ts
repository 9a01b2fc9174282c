/** The migrations of MongoDB in the order in which they run. Append only. */
import type { MongoClient } from 'mongodb';
import { shardCollections } from './001-shard-collections.ts';
import { createIndexes } from './002-create-indexes.ts';
import { createDateIndex } from './003-create-date-index.ts';
import { dropGuardCounters } from './003-drop-guard-counters.ts';

export interface MigrationTarget {
  readonly client: MongoClient;
  readonly databaseName: string;
}

export interface Migration {
  readonly number: number;
  readonly title: string;
  /** Idempotent: a crash half-way is mended by running it again. */
  readonly run: (target: MigrationTarget) => Promise<void>;
}

export const migrations: readonly Migration[] = [
  { number: 1, title: 'shard every collection on _id, a quarter of the record keys to each shard', run: shardCollections },
  { number: 2, title: 'create the indexes of resources and history', run: createIndexes },
  { number: 3, title: 'create the index of resources by type and date', run: createDateIndex },
  { number: 3, title: 'drop the counters that guards once were', run: dropGuardCounters },
];
