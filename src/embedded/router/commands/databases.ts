/** Databases: made on first use, as a `mongos` does. */
import type { Document } from 'bson';
import type { Router } from '../context.ts';
import { CODE, Refusal } from '../errors.ts';
import type { CollectionRoute, DatabaseRoute } from '../routing-table.ts';
import { namespaceOf, type Request } from '../wire/request.ts';

export const MAJORITY = { w: 'majority', wtimeout: 60_000 };

/** The database; made if it does not exist, unsharded collections on the first shard. */
export async function ensureDatabase(router: Router, name: string): Promise<DatabaseRoute> {
  const known = await router.routing.database(name);
  if (known) return known;
  if (['admin', 'config', 'local'].includes(name)) throw new Refusal(CODE.illegalOperation, `the database ${name} is the cluster's own`);
  const [first] = await router.shards.all();
  if (!first) throw new Refusal(CODE.shardNotFound, 'the cluster has no shard');
  await router.config.command('admin', { _configsvrCreateDatabase: name, primaryShardId: first.id, writeConcern: MAJORITY });
  router.routing.forgetDatabase(name);
  const made = await router.routing.database(name);
  if (!made) throw new Refusal(CODE.namespaceNotFound, `database ${name} not found`);
  return made;
}

export async function routeForWrite(router: Router, request: Request): Promise<CollectionRoute> {
  const namespace = namespaceOf(request);
  const known = await router.routing.collection(namespace);
  if (known) return known;
  await ensureDatabase(router, request.database);
  const route = await router.routing.collection(namespace);
  if (!route) throw new Refusal(CODE.namespaceNotFound, `database ${request.database} not found`);
  return route;
}

/** A command to the shard that holds the database's unsharded collections and coordinates its changes. */
export async function onPrimaryShard(router: Router, database: DatabaseRoute, command: Document): Promise<Document> {
  const shard = await router.shards.get(database.primary);
  return shard.command(database.name, { ...command, databaseVersion: database.version });
}
