/** `find`: forwarded as it stands when one shard holds all it can match, else split by owner, or scattered and merged. */

import type { Router } from '../context.ts';
import { callParticipant, messageFor, readOptions, withRoute } from '../execute.ts';
import { filtersByShard } from '../filter-split.ts';
import { MergedCursor, SORT_KEY } from '../merged-cursor.ts';
import type { CollectionRoute } from '../routing-table.ts';
import { shardsFor } from '../targeting.ts';
import type { Transaction } from '../transactions.ts';
import { documentOf, elementsOf, intElement, isTrue, nameOf, numberIn, TYPE } from '../wire/bson-bytes.ts';
import type { Reply } from '../wire/reply.ts';
import { namespaceOf, type Request } from '../wire/request.ts';
import { batchReply, registerCursor, sourceOf } from './cursor-reply.ts';
import { fetcher, killSources } from './get-more.ts';

const FIRST_BATCH = 101;

export async function find(router: Router, request: Request): Promise<Buffer> {
  const transaction = router.transactions.of(request);
  return withRoute(router, request, { isRead: true, transaction }, async (route) => {
    if (!route) return batchReply([], { field: 'firstBatch', id: 0n, namespace: namespaceOf(request) });
    const filter = request.fields.get('filter');
    const shards = shardsFor(route, request.message, filter?.value, request.fields.has('collation'));
    const [only] = shards;
    if (only !== undefined && shards.length === 1) return findOnOne(router, request, route, only, transaction);
    return findOnSeveral(router, request, route, shards, transaction);
  });
}

async function findOnOne(
  router: Router,
  request: Request,
  route: CollectionRoute,
  shard: string,
  transaction: Transaction | undefined,
): Promise<Buffer> {
  const message = messageFor(request, route, shard, transaction);
  const reply = await callParticipant(router, shard, message, transaction, readOptions(request));
  registerCursor(router, shard, reply);
  return reply.message;
}

async function findOnSeveral(
  router: Router,
  request: Request,
  route: CollectionRoute,
  shards: readonly string[],
  transaction: Transaction | undefined,
): Promise<Buffer> {
  const { message, fields } = request;
  const skip = numberIn(message, fields.get('skip')) ?? 0;
  const limit = numberIn(message, fields.get('limit')) ?? 0;
  const edit = scatterEdit(request, skip, limit);
  const filter = fields.get('filter');
  const filters = filter && !fields.has('collation') ? filtersByShard(message, filter, route) : undefined;
  const replies = await Promise.all(
    shards.map((shard) => {
      const own = filters?.get(shard);
      const shardEdit = own ? { drop: [...edit.drop, 'filter'], append: [...edit.append, own] } : edit;
      return callParticipant(router, shard, messageFor(request, route, shard, transaction, shardEdit), transaction, readOptions(request));
    }),
  );
  const directions = directionsIn(request);
  const sources = replies.map((reply, index) => sourceOf(shards[index] ?? '', reply));
  const cursor = new MergedCursor(sources, { namespace: namespaceOf(request), directions, skip, limit });
  return firstBatch(router, request, cursor, replies);
}

async function firstBatch(router: Router, request: Request, cursor: MergedCursor, replies: readonly Reply[]): Promise<Buffer> {
  const { message, fields } = request;
  const isSingle = isTrue(message, fields.get('singleBatch'));
  const wanted = numberIn(message, fields.get('batchSize'));
  // What the shards sent anyway is handed on: a batch size is a wish, and asking again would cost more.
  const count = wanted ?? cursor.sources.reduce((sum, { documents }) => sum + documents.length, FIRST_BATCH);
  const batch = await cursor.next(count, fetcher(router, request));
  let id = 0n;
  if (isSingle || cursor.isDone) killSources(router, request, cursor.sources);
  else {
    id = router.cursors.nextId();
    router.cursors.set(id, { kind: 'merged', cursor });
  }
  return batchReply(batch, { field: 'firstBatch', id, namespace: cursor.namespace, replies });
}

/** What each shard is asked differently: no skip, as many more documents, and the sort keys along with the documents. */
function scatterEdit(request: Request, skip: number, limit: number): { drop: string[]; append: Uint8Array[] } {
  const drop: string[] = [];
  const append: Uint8Array[] = [];
  if (skip > 0) {
    drop.push('skip', 'limit', 'batchSize', 'singleBatch');
    if (limit > 0) append.push(intElement('limit', skip + limit));
  }
  if (directionsIn(request)) {
    drop.push('projection');
    append.push(projectionWithSortKey(request));
  }
  return { drop, append };
}

const SORT_KEY_META = documentOf([Buffer.from('\x02$meta\0\x08\0\0\0sortKey\0', 'latin1')]);

function projectionWithSortKey({ message, fields }: Request): Buffer {
  const projection = fields.get('projection');
  const own = projection ? [message.subarray(projection.value + 4, projection.end - 1)] : [];
  const added = [Buffer.from(`\x03${SORT_KEY}\0`, 'latin1'), SORT_KEY_META];
  return Buffer.concat([Buffer.from('\x03projection\0', 'latin1'), documentOf([...own, ...added])]);
}

/** The direction of each sort field; undefined for no sort, or natural order. `{$meta: …}` sorts downwards. */
function directionsIn({ message, fields }: Request): number[] | undefined {
  const sort = fields.get('sort');
  if (sort?.type !== TYPE.document) return undefined;
  const directions: number[] = [];
  for (const element of elementsOf(message, sort.value)) {
    if (nameOf(message, element) === '$natural') return undefined;
    directions.push((numberIn(message, element) ?? -1) < 0 ? -1 : 1);
  }
  return directions.length > 0 ? directions : undefined;
}
