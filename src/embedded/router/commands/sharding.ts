/** The `mongos` commands that manage sharding, mapped to what the config server and the shards understand. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Document, MaxKey, serialize } from 'bson';
import type { Router } from '../context.ts';
import { CODE, Refusal } from '../errors.ts';
import { type CollectionRoute, chunkIndexOf, ownerOf } from '../routing-table.ts';
import { elementAt } from '../wire/bson-bytes.ts';
import { valueIn } from '../wire/bson-order.ts';
import { objectReply } from '../wire/reply.ts';
import type { Request } from '../wire/request.ts';
import { commandOf, isCode } from './collections.ts';
import { ensureDatabase, MAJORITY, onPrimaryShard } from './databases.ts';

/** 194: a config server that has just become primary starts what moves chunks a moment later; 117: a shard gives away one range at a time. */
const PASSING_CODES = [194, 117];
const PATIENCE_MS = 30_000;

/** Commands that refuse a write concern, though they write. */
const WITHOUT_CONCERN = ['_configsvrBalancerStart', '_configsvrBalancerStop'];

async function toConfig(router: Router, command: Document): Promise<Document> {
  for (const giveUpAt = performance.now() + PATIENCE_MS; ; ) {
    try {
      return await router.config.command(
        'admin',
        WITHOUT_CONCERN.some((name) => name in command) ? command : { ...command, writeConcern: MAJORITY },
      );
    } catch (error) {
      if (!PASSING_CODES.some((code) => isCode(error, code)) || performance.now() > giveUpAt) throw error;
      await sleep(100);
    }
  }
}

export async function enableSharding(router: Router, request: Request): Promise<Buffer> {
  const { enableSharding: name, primaryShard } = commandOf(request);
  if (primaryShard && !(await router.routing.database(name))) {
    await toConfig(router, { _configsvrCreateDatabase: name, primaryShardId: primaryShard });
    router.routing.forgetDatabase(name);
  }
  await ensureDatabase(router, name);
  return objectReply({});
}

/** Only the key that this router can route by: `{_id: 1}`. */
export async function shardCollection(router: Router, request: Request): Promise<Buffer> {
  const { shardCollection: namespace, key, collation } = commandOf(request);
  const isById = key && Object.keys(key).length === 1 && Number(key._id) === 1;
  if (!isById) throw new Refusal(CODE.invalidOptions, 'this router shards collections on {_id: 1} only');
  const dot = namespace.indexOf('.');
  const database = await ensureDatabase(router, namespace.slice(0, dot));
  const command = { _shardsvrCreateCollection: namespace.slice(dot + 1), shardKey: { _id: 1 }, ...(collation && { collation }) };
  const reply = await onPrimaryShard(router, database, { ...command, writeConcern: MAJORITY });
  router.routing.forget(namespace);
  return objectReply({ collectionsharded: namespace, collectionUUID: reply.collectionUUID });
}

async function shardedRoute(router: Router, namespace: string): Promise<CollectionRoute> {
  router.routing.forget(namespace);
  const route = await router.routing.collection(namespace);
  if (!route?.isSharded) throw new Refusal(CODE.namespaceNotFound, `${namespace} is not sharded`);
  return route;
}

function keyValue(key: Document) {
  const bytes = Buffer.from(serialize({ _id: key._id }));
  return valueIn(bytes, elementAt(bytes, 4));
}

/** The bounds of the chunk that holds a key. */
async function chunkAround(router: Router, namespace: string, key: Document): Promise<Document> {
  const route = await shardedRoute(router, namespace);
  const chunks = await router.routing.read('chunks', { uuid: route.uuid }, { min: 1 });
  const chunk = chunks[chunkIndexOf(route, keyValue(key))];
  if (!chunk) throw new Refusal(CODE.badValue, `no chunk of ${namespace} holds that key`);
  return chunk;
}

export async function split(router: Router, request: Request): Promise<Buffer> {
  const { split: namespace, middle } = commandOf(request);
  if (!middle) throw new Refusal(CODE.invalidOptions, 'this router splits at a given key only: name it as "middle"');
  const { min, max, shard } = await chunkAround(router, namespace, middle);
  if (serializeKey(min) === serializeKey(middle)) return objectReply({});
  const [collection] = await router.routing.read('collections', { _id: namespace });
  const owner = await router.shards.get(shard);
  const version = { epoch: collection?.lastmodEpoch, timestamp: collection?.timestamp };
  await owner.command('admin', { splitChunk: namespace, from: shard, keyPattern: { _id: 1 }, min, max, splitKeys: [middle], ...version });
  router.routing.forget(namespace);
  return objectReply({});
}

function serializeKey(key: Document): string {
  return Buffer.from(serialize({ _id: key._id })).toString('latin1');
}

/** `moveRange: ns, min, max?, toShard`; without `max` up to the end of the chunk. */
export async function moveRange(router: Router, request: Request): Promise<Buffer> {
  const { moveRange: namespace, min, max, toShard } = commandOf(request);
  const bounds = { min: min ?? (await chunkBefore(router, namespace, max)), max: max ?? (await endOfChunk(router, namespace, min)) };
  return move(router, namespace, toShard, bounds);
}

async function endOfChunk(router: Router, namespace: string, min: Document): Promise<Document> {
  return (await chunkAround(router, namespace, min)).max ?? { _id: new MaxKey() };
}

async function chunkBefore(router: Router, namespace: string, max: Document): Promise<Document> {
  const route = await shardedRoute(router, namespace);
  const chunks = await router.routing.read('chunks', { uuid: route.uuid }, { min: 1 });
  const chunk = chunks.find((candidate) => serializeKey(candidate.max) === serializeKey(max));
  if (!chunk) throw new Refusal(CODE.badValue, 'without "min", "max" must be a chunk\'s upper bound');
  return chunk.min;
}

/** `moveChunk: ns, find | bounds, to`. */
export async function moveChunk(router: Router, request: Request): Promise<Buffer> {
  const { moveChunk: namespace, find, bounds, to } = commandOf(request);
  const { min, max } = find ? await chunkAround(router, namespace, find) : { min: bounds?.[0], max: bounds?.[1] };
  return move(router, namespace, to, { min, max });
}

async function move(router: Router, namespace: string, toShard: string, { min, max }: { min: Document; max: Document }): Promise<Buffer> {
  const route = await shardedRoute(router, namespace);
  if (ownerOf(route, keyValue(min)) === toShard && serializeKey((await chunkAround(router, namespace, min)).max) === serializeKey(max)) {
    return objectReply({});
  }
  await toConfig(router, { _configsvrMoveRange: namespace, toShard, min, max });
  router.routing.forget(namespace);
  return objectReply({});
}

export async function listShards(router: Router): Promise<Buffer> {
  return objectReply({ shards: await router.routing.read('shards', {}, { _id: 1 }) });
}

export async function flushRouterConfig(router: Router): Promise<Buffer> {
  router.routing.forgetAll();
  await router.shards.load();
  return objectReply({ flushed: true });
}

/** Commands that differ from the config server's in their name only. */
export const CONFIG_FORMS: Readonly<Record<string, string>> = {
  addShard: '_configsvrAddShard',
  removeShard: '_configsvrRemoveShard',
  addShardToZone: '_configsvrAddShardToZone',
  removeShardFromZone: '_configsvrRemoveShardFromZone',
  updateZoneKeyRange: '_configsvrUpdateZoneKeyRange',
  balancerStart: '_configsvrBalancerStart',
  balancerStop: '_configsvrBalancerStop',
};

export async function balancerStatus(router: Router): Promise<Buffer> {
  const { ok: _ok, ...reply } = await router.config.command('admin', { _configsvrBalancerStatus: 1 });
  return objectReply(reply);
}

export async function forwardToConfig(router: Router, request: Request): Promise<Buffer> {
  const { [request.name]: argument, ...options } = commandOf(request);
  const { ok: _ok, ...reply } = await toConfig(router, { [CONFIG_FORMS[request.name] ?? request.name]: argument, ...options });
  if (request.name === 'addShard' || request.name === 'removeShard') await router.shards.load();
  return objectReply(reply);
}
