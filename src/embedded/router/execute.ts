/** Sending parts of a command to shards, again where that is safe: after a stale route, after a change of primary. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Router } from './context.ts';
import { CODE, isPrimaryChangeCode, isStaleCode, Refusal, ShardError, StaleRoute } from './errors.ts';
import { errorCodeOf, errorTextOf, isOk, parseReply, type Reply, writeConcernCodeOf } from './reply.ts';
import { namespaceOf, type Request } from './request.ts';
import { rewrite } from './rewrite.ts';
import type { CollectionRoute } from './routing-table.ts';
import { ShardUnreachable } from './shard.ts';
import { join, noteReply, TRANSACTION_FIELDS, type Transaction } from './transactions.ts';

const PATIENCE_MS = 15_000;
const STALE_ATTEMPTS = 20;

/**
 * The shard's reply. With `isRepeatable` it is sent again after a change of primary: reads, and writes with a transaction number.
 * @throws StaleRoute, ShardUnreachable, ShardError (any other reply that is not ok)
 */
export async function callShard(router: Router, shardId: string, message: Buffer, isRepeatable: boolean): Promise<Reply> {
  const shard = router.shards.cached(shardId) ?? (await router.shards.get(shardId));
  for (const giveUpAt = performance.now() + PATIENCE_MS; ; ) {
    try {
      const reply = parseReply(await shard.call(message));
      if (isOk(reply)) {
        const concern = isRepeatable ? writeConcernCodeOf(reply) : undefined;
        if (concern === undefined || !isPrimaryChangeCode(concern)) return reply;
        shard.forgetPrimary();
        throw new ShardUnreachable('the primary changed before the write was safe');
      }
      const code = errorCodeOf(reply);
      if (isStaleCode(code)) throw new StaleRoute(errorTextOf(reply));
      if (!isPrimaryChangeCode(code)) throw new ShardError(reply);
      shard.forgetPrimary();
      throw new ShardUnreachable(errorTextOf(reply));
    } catch (error) {
      if (!(error instanceof ShardUnreachable) || !isRepeatable || performance.now() > giveUpAt) throw error;
      await sleep(20);
    }
  }
}

/** A command's share for one shard: its bytes with the shard's version, and what a transaction adds. */
export function messageFor(
  request: Request,
  route: CollectionRoute,
  shardId: string,
  transaction: Transaction | undefined,
  edit: { drop?: readonly string[]; append?: readonly Uint8Array[]; sequence?: { name: string; documents: readonly Uint8Array[] } } = {},
): Buffer {
  const append = [...(edit.append ?? []), ...(route.versions.get(shardId) ?? []), ...(transaction ? join(transaction, shardId) : [])];
  const drop = transaction ? [...(edit.drop ?? []), ...TRANSACTION_FIELDS] : edit.drop;
  return rewrite(request, { ...edit, append, ...(drop && { drop }) });
}

/**
 * Runs `work` with the collection's route (undefined: no such database), again with a fresh one as long as shards call it stale.
 * In a transaction that is possible for reads and for its first statement only: the shards that joined with the failed
 * attempt are made to forget it first.
 */
export async function withRoute<Result>(
  router: Router,
  request: Request,
  options: { readonly isRead: boolean; readonly transaction: Transaction | undefined },
  work: (route: CollectionRoute | undefined) => Promise<Result>,
): Promise<Result> {
  const namespace = namespaceOf(request);
  const before = new Set(options.transaction?.participants.keys());
  for (let attempt = 0; ; attempt++) {
    try {
      return await work(router.routing.cached(namespace) ?? (await router.routing.collection(namespace)));
    } catch (error) {
      if (!(error instanceof StaleRoute)) throw error;
      router.routing.forget(namespace);
      if (options.transaction) await leave(router, request, options.transaction, before, options.isRead);
      if (attempt >= STALE_ATTEMPTS) throw new Refusal(CODE.hostUnreachable, `the shards keep calling the route of ${namespace} stale`);
      if (attempt > 0) await sleep(Math.min(10 * 2 ** attempt, 500));
    }
  }
}

/** Takes the shards that joined with a failed attempt out of the transaction. @throws Refusal if the statement can't be repeated */
async function leave(
  router: Router,
  request: Request,
  transaction: Transaction,
  before: ReadonlySet<string>,
  isRead: boolean,
): Promise<void> {
  if (!isRead && before.size > 0) {
    throw new Refusal(CODE.noSuchTransaction, 'the route became stale during the transaction', ['TransientTransactionError']);
  }
  const joined = [...transaction.participants.keys()].filter((shard) => !before.has(shard));
  await Promise.all(
    joined.map(async (shardId) => {
      transaction.participants.delete(shardId);
      const shard = await router.shards.get(shardId);
      await shard.call(abortMessage(request)).catch(() => undefined);
    }),
  );
}

/** `abortTransaction` with the session fields of a statement. */
export function abortMessage(request: Request): Buffer {
  const drop = [...request.fields.keys()].filter((name) => !SESSION_FIELDS.has(name));
  const first = Buffer.from('\x10abortTransaction\0\x01\0\0\0', 'latin1');
  const admin = Buffer.from('\x02$db\0\x06\0\0\0admin\0', 'latin1');
  return rewrite({ ...request, sequence: undefined }, { first, drop: drop.slice(1), append: [admin] });
}

const SESSION_FIELDS = new Set(['lsid', 'txnNumber', 'autocommit']);

/** Calls one shard within a statement and keeps the transaction's books. */
export async function callParticipant(
  router: Router,
  shardId: string,
  message: Buffer,
  transaction: Transaction | undefined,
  isRepeatable: boolean,
): Promise<Reply> {
  if (!transaction) return callShard(router, shardId, message, isRepeatable);
  try {
    const reply = await callShard(router, shardId, message, false);
    noteReply(transaction, shardId, reply);
    return reply;
  } catch (error) {
    if (!(error instanceof ShardUnreachable)) throw error;
    throw new Refusal(CODE.hostUnreachable, error.message, ['TransientTransactionError']);
  }
}
