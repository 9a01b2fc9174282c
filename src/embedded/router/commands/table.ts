/**
 * Every command that this router knows. A whitelist, because some commands make a `mongod` abort when they come in a form
 * that only a `mongos` would not send; whatever is not here gets CommandNotFound.
 */
import type { Handler } from '../context.ts';
import type { Request } from '../wire/request.ts';
import { aggregate, isChangeStream } from './aggregate.ts';
import { collMod, create, drop, dropDatabase, forwardToPrimaryShard, listDatabases } from './collections.ts';
import { connectionStatus, explain, forwardToAnyShard, forwardToConfigServer, serverStatus } from './diagnostics.ts';
import { find } from './find.ts';
import { findAndModify } from './find-and-modify.ts';
import { getMore, killCursors } from './get-more.ts';
import { acknowledge } from './hello.ts';
import { collStats, count, createIndexes, distinct, dropIndexes, listIndexes } from './scatter.ts';
import { endSessions, killSessions } from './sessions.ts';
import {
  balancerStatus,
  CONFIG_FORMS,
  enableSharding,
  flushRouterConfig,
  forwardToConfig,
  listShards,
  moveChunk,
  moveRange,
  shardCollection,
  split,
} from './sharding.ts';
import { abortTransaction, commitTransaction } from './transaction.ts';
import { write } from './write.ts';

const HANDLERS: Readonly<Record<string, Handler>> = {
  find,
  aggregate,
  count,
  distinct,
  getMore,
  killCursors,
  explain,
  insert: write,
  update: write,
  delete: write,
  findAndModify,
  findandmodify: findAndModify,
  commitTransaction,
  abortTransaction,
  endSessions,
  killSessions,
  refreshSessions: acknowledge,
  ping: acknowledge,
  createIndexes,
  dropIndexes,
  listIndexes,
  collStats,
  create,
  drop,
  dropDatabase,
  collMod,
  listCollections: forwardToPrimaryShard,
  listDatabases,
  enableSharding,
  shardCollection,
  split,
  moveRange,
  moveChunk,
  listShards,
  flushRouterConfig,
  balancerStatus,
  ...Object.fromEntries(Object.keys(CONFIG_FORMS).map((name) => [name, forwardToConfig])),
  buildInfo: forwardToAnyShard,
  buildinfo: forwardToAnyShard,
  getParameter: forwardToAnyShard,
  getShardMap: forwardToAnyShard,
  serverStatus,
  connectionStatus,
};

/** What may be asked of the cluster's own databases, `config` above all. */
const OF_CONFIG_SERVER = new Set([
  'find',
  'aggregate',
  'count',
  'distinct',
  'listCollections',
  'listIndexes',
  'insert',
  'update',
  'delete',
]);

export function handlerOf(request: Request): Handler | undefined {
  const { name, database } = request;
  if (name === 'aggregate' && isChangeStream(request)) return aggregate;
  if ((database === 'config' || database === 'admin') && OF_CONFIG_SERVER.has(name)) return forwardToConfigServer;
  return Object.hasOwn(HANDLERS, name) ? HANDLERS[name] : undefined;
}
