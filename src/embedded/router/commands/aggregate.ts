/** `aggregate`: on one shard when its first `$match` says so and no stage looks elsewhere, else by MongoDB's own scatter. */
import { documentEnd, type Element, elementAt, elementsOf, nameOf, TYPE } from '../bson-bytes.ts';
import type { Router } from '../context.ts';
import { CODE, Refusal } from '../errors.ts';
import { callParticipant, callShard, messageFor, withRoute } from '../execute.ts';
import { namespaceOf, type Request } from '../request.ts';
import { rewrite } from '../rewrite.ts';
import type { CollectionRoute } from '../routing-table.ts';
import { shardsFor } from '../targeting.ts';
import { batchReply, registerCursor } from './cursor-reply.ts';
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
  if (isChangeStream(request))
    throw new Refusal(CODE.commandNotFound, 'change streams are opened on each shard: this router does not merge them');
  const transaction = router.transactions.of(request);
  return withRoute(router, request, { isRead: true, transaction }, async (route) => {
    if (!route) {
      if (!writesElsewhere(request)) return batchReply([], { field: 'firstBatch', id: 0n, namespace: namespaceOf(request) });
      await ensureDatabase(router, request.database);
    }
    const shard = route && shardForAll(request, route);
    if (route && shard !== undefined) {
      const reply = await callParticipant(router, shard, messageFor(request, route, shard, transaction), transaction, true);
      registerCursor(router, shard, reply);
      return reply.message;
    }
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

function isChangeStream(request: Request): boolean {
  return stagesOf(request)[0]?.name === '$changeStream';
}

function writesElsewhere(request: Request): boolean {
  const last = stagesOf(request).at(-1)?.name;
  return last === '$out' || last === '$merge';
}

async function aggregateByCluster(router: Router, request: Request): Promise<Buffer> {
  const [any] = await router.shards.all();
  if (!any) throw new Refusal(CODE.shardNotFound, 'the cluster has no shard');
  const message = rewrite(request, { rename: 'clusterAggregate', drop: ['txnNumber'] });
  const reply = await callShard(router, any.id, message, !writesElsewhere(request));
  registerCursor(router, any.id, reply, true);
  return reply.message;
}
