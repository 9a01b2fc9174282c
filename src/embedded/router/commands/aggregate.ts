/** `aggregate`: on one shard when its first `$match` says so and no stage looks elsewhere, else by MongoDB's own scatter. */
import { serialize } from 'bson';
import type { Router } from '../context.ts';
import { CODE, Refusal, StaleRoute } from '../errors.ts';
import { callParticipant, callShard, messageFor, readOptions, withRoute } from '../execute.ts';
import { rewrite } from '../rewrite.ts';
import type { CollectionRoute } from '../routing-table.ts';
import type { Shard } from '../shards/shard.ts';
import { shardsFor } from '../targeting.ts';
import type { Transaction } from '../transactions.ts';
import { documentEnd, type Element, elementAt, elementsOf, findElement, nameOf, numberIn, TYPE } from '../wire/bson-bytes.ts';
import { namespaceOf, type Request } from '../wire/request.ts';
import { openChangeStream } from './change-stream.ts';
import { batchReply, cursorIn, registerCursor } from './cursor-reply.ts';
import { ensureDatabase } from './databases.ts';

/** Stages that see the documents before them and nothing else. */
const LOCAL_STAGES = new Set(
  ['$addFields', '$bucket', '$bucketAuto', '$count', '$group', '$limit', '$match', '$project', '$redact', '$replaceRoot'].concat([
    '$replaceWith',
    '$sample',
    '$set',
    '$skip',
    '$sort',
    '$sortByCount',
    '$unset',
    '$unwind',
    '$densify',
    '$fill',
    '$setWindowFields',
  ]),
);

export async function aggregate(router: Router, request: Request): Promise<Buffer> {
  if (isChangeStream(request)) return openChangeStream(router, request);
  const transaction = router.transactions.of(request);
  return withRoute(router, request, { isRead: true, transaction }, async (route) => {
    if (!route) {
      if (!writesElsewhere(request)) return batchReply([], { field: 'firstBatch', id: 0n, namespace: namespaceOf(request) });
      await ensureDatabase(router, request.database);
    }
    const shard = route && shardForAll(request, route);
    if (route && shard !== undefined) {
      const reply = await callParticipant(router, shard, messageFor(request, route, shard, transaction), transaction, readOptions(request));
      registerCursor(router, shard, reply);
      return reply.message;
    }
    if (route && isPlainCount(request)) return countOnSeveral(router, request, route, transaction);
    if (transaction) throw new Refusal(CODE.illegalOperation, 'this router aggregates over one shard only inside a transaction');
    return aggregateByCluster(router, request);
  });
}

/** The one shard that can answer the whole pipeline. */
function shardForAll(request: Request, route: CollectionRoute): string | undefined {
  const { message, fields } = request;
  const stages = stagesOf(request);
  if (!stages.every(({ name }) => LOCAL_STAGES.has(name))) return undefined;
  const [first] = stages;
  const filter = first?.name === '$match' && first.value.type === TYPE.document ? first.value.value : undefined;
  const shards = shardsFor(route, message, filter, fields.has('collation'));
  return shards.length === 1 ? shards[0] : undefined;
}

/** What drivers make of `countDocuments`. */
const COUNT_GROUP = Buffer.from(serialize({ $group: { _id: 1, n: { $sum: 1 } } }));

function isPlainCount(request: Request): boolean {
  const [match, group, ...more] = stagesOf(request);
  if (match?.name !== '$match' || group?.name !== '$group' || more.length > 0) return false;
  const { start, end } = group.value;
  return request.message.subarray(start, end).equals(COUNT_GROUP.subarray(4, COUNT_GROUP.length - 1));
}

/** Each shard counts its own; a shard that has nothing gives no group. */
async function countOnSeveral(
  router: Router,
  request: Request,
  route: CollectionRoute,
  transaction: Transaction | undefined,
): Promise<Buffer> {
  const { message, fields } = request;
  const shards = shardsFor(route, message, stagesOf(request)[0]?.value.value, fields.has('collation'));
  const messages = shards.map((shard) => messageFor(request, route, shard, transaction));
  const replies = await Promise.all(
    shards.map((shard, index) => callParticipant(router, shard, messages[index] as Buffer, transaction, readOptions(request))),
  );
  let n = 0;
  for (const reply of replies) for (const group of cursorIn(reply).documents()) n += numberIn(group, findElement(group, 0, 'n')) ?? 0;
  const batch = n > 0 ? [Buffer.from(serialize({ _id: 1, n }))] : [];
  return batchReply(batch, { field: 'firstBatch', id: 0n, namespace: namespaceOf(request), replies });
}

interface Stage {
  readonly name: string;
  readonly value: Element;
}

function stagesOf({ message, fields }: Request): Stage[] {
  const pipeline = fields.get('pipeline');
  if (pipeline?.type !== TYPE.array) return [];
  const stages: Stage[] = [];
  for (const element of elementsOf(message, pipeline.value)) {
    if (element.type !== TYPE.document || element.value + 4 >= documentEnd(message, element.value)) continue;
    const value = elementAt(message, element.value + 4);
    stages.push({ name: nameOf(message, value), value });
  }
  return stages;
}

export function isChangeStream(request: Request): boolean {
  return stagesOf(request)[0]?.name === '$changeStream';
}

function writesElsewhere(request: Request): boolean {
  const last = stagesOf(request).at(-1)?.name;
  return last === '$out' || last === '$merge';
}

/**
 * The first shard that has a primary, as far as is known: it asks the others. Always the same one: a shard that has never
 * asked the others may call its own knowledge of them stale again and again.
 */
async function coordinatorOf(router: Router): Promise<Shard | undefined> {
  const all = await router.shards.all();
  return all.find(({ knownPrimary }) => knownPrimary !== undefined) ?? all[0];
}

async function aggregateByCluster(router: Router, request: Request): Promise<Buffer> {
  const any = await coordinatorOf(router);
  if (!any) throw new Refusal(CODE.shardNotFound, 'the cluster has no shard');
  const message = rewrite(request, { rename: 'clusterAggregate', drop: ['txnNumber'] });
  const reply = await callShard(router, any.id, message, { isRepeatable: !writesElsewhere(request) }).catch(async (error: unknown) => {
    // It knows a range where it no longer is, and would ask there again and again: it learns only what it is told to forget.
    if (error instanceof StaleRoute) await any.command('admin', { flushRouterConfig: 1 });
    throw error;
  });
  registerCursor(router, any.id, reply, true);
  return reply.message;
}
