/** Commands about databases and collections, in the forms that shards and the config server know. */
import { type Document, Long } from 'bson';
import type { Router } from '../context.ts';
import { CODE, Refusal } from '../errors.ts';
import { callShard, REPEATABLE } from '../execute.ts';
import { rewrite } from '../rewrite.ts';
import { elementsAsBytes } from '../routing-table.ts';
import { bodyOf, CommandError } from '../shards/command-client.ts';
import { objectReply } from '../wire/reply.ts';
import type { Request } from '../wire/request.ts';
import { batchReply, registerCursor } from './cursor-reply.ts';
import { ensureDatabase, MAJORITY, onPrimaryShard } from './databases.ts';

/** A command that the database's primary shard answers as it stands. */
export async function forwardToPrimaryShard(router: Router, request: Request): Promise<Buffer> {
  const database = await router.routing.database(request.database);
  if (!database) {
    if (request.name === 'listCollections')
      return batchReply([], { field: 'firstBatch', id: 0n, namespace: `${request.database}.$cmd.listCollections` });
    throw new Refusal(CODE.namespaceNotFound, `database ${request.database} not found`);
  }
  const message = rewrite(request, { append: elementsAsBytes({ databaseVersion: database.version }) });
  const reply = await callShard(router, database.primary, message, REPEATABLE);
  registerCursor(router, database.primary, reply);
  return reply.message;
}

const SESSION_FIELDS = ['lsid', 'txnNumber', '$clusterTime', '$readPreference', '$db', 'apiVersion', 'readConcern'];

/** The command's own fields as an object, for the few commands where that is simplest. */
export function commandOf(request: Request): Document {
  const command = bodyOf(request.message);
  for (const field of SESSION_FIELDS) delete command[field];
  return command;
}

/** Collections are made unsharded, on the database's primary shard. */
export async function create(router: Router, request: Request): Promise<Buffer> {
  const database = await ensureDatabase(router, request.database);
  await onPrimaryShard(router, database, { writeConcern: MAJORITY, ...commandOf(request) });
  return objectReply({});
}

export async function drop(router: Router, request: Request): Promise<Buffer> {
  const database = await router.routing.database(request.database);
  if (!database) return objectReply({});
  await onPrimaryShard(router, database, { _shardsvrDropCollection: request.target, writeConcern: MAJORITY });
  router.routing.forget(`${request.database}.${request.target}`);
  return objectReply({ ns: `${request.database}.${request.target}` });
}

export async function dropDatabase(router: Router, request: Request): Promise<Buffer> {
  const database = await router.routing.database(request.database);
  if (!database) return objectReply({});
  await onPrimaryShard(router, database, { _shardsvrDropDatabase: 1, writeConcern: MAJORITY });
  router.routing.forgetDatabase(request.database);
  return objectReply({ dropped: request.database });
}

export async function collMod(router: Router, request: Request): Promise<Buffer> {
  const database = await ensureDatabase(router, request.database);
  const { collMod: name, ...options } = commandOf(request);
  const reply = await onPrimaryShard(router, database, { _shardsvrCollMod: name, writeConcern: MAJORITY, ...options });
  return objectReply(reply);
}

/** The databases of all shards, with their sizes summed. */
export async function listDatabases(router: Router, request: Request): Promise<Buffer> {
  const shards = await router.shards.all();
  const { nameOnly, filter } = commandOf(request);
  const replies = await Promise.all(shards.map((shard) => shard.command('admin', { listDatabases: 1, ...(filter && { filter }) })));
  const sizes = new Map<string, number>();
  for (const { databases } of replies) {
    for (const { name, sizeOnDisk } of databases) {
      if (name !== 'local' && name !== 'config' && name !== 'admin') sizes.set(name, (sizes.get(name) ?? 0) + Number(sizeOnDisk ?? 0));
    }
  }
  const names = [...sizes.keys()].sort();
  if (nameOnly) return objectReply({ databases: names.map((name) => ({ name })) });
  const databases = names.map((name) => ({ name, sizeOnDisk: Long.fromNumber(sizes.get(name) ?? 0), empty: false }));
  return objectReply({ databases, totalSize: Long.fromNumber([...sizes.values()].reduce((sum, size) => sum + size, 0)) });
}

/** Errors of our own commands to shards, as the client's. */
export function isCode(error: unknown, code: number): boolean {
  return error instanceof CommandError && error.code === code;
}
