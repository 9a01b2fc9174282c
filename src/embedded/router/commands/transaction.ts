/**
 * `commitTransaction` and `abortTransaction`. One shard that wrote: the others are let go first, then it commits. Several:
 * MongoDB's own two-phase commit, run by the first participant.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { serialize } from 'bson';
import type { Router } from '../context.ts';
import { CODE, errorReply, ShardError } from '../errors.ts';
import { abortMessage, callShard, ONCE, REPEATABLE } from '../execute.ts';
import { rewrite } from '../rewrite.ts';
import { ShardUnreachable } from '../shards/shard.ts';
import type { Transaction } from '../transactions.ts';
import { objectReply, type Reply } from '../wire/reply.ts';
import type { Request } from '../wire/request.ts';

const PATIENCE_MS = 15_000;

export async function commitTransaction(router: Router, request: Request): Promise<Buffer> {
  const transaction = router.transactions.of(request);
  if (!transaction || transaction.participants.size === 0) return objectReply({});
  const ids = [...transaction.participants.keys()];
  const writers = ids.filter((id) => !transaction.participants.get(id)?.isReadOnly);
  try {
    const [first = ''] = ids;
    if (writers.length <= 1) return await commitOneByOne(router, request, ids, writers[0] ?? first);
    return (await commitTogether(router, request, transaction, first)).message;
  } catch (error) {
    if (!(error instanceof ShardUnreachable)) throw error;
    return errorReply(CODE.hostUnreachable, error.message, ['RetryableWriteError', 'UnknownTransactionCommitResult']);
  }
}

/** Shards that only read hold nothing that could fail to commit, so the writer's commit decides. */
async function commitOneByOne(router: Router, request: Request, ids: readonly string[], last: string): Promise<Buffer> {
  const readers = ids.filter((id) => id !== last);
  try {
    await Promise.all(readers.map((id) => callShard(router, id, request.message, REPEATABLE)));
  } catch (error) {
    // The writer has not been asked to commit and will not be.
    await abortOn(router, request, [last]);
    throw error;
  }
  return (await callShard(router, last, request.message, REPEATABLE)).message;
}

async function commitTogether(router: Router, request: Request, transaction: Transaction, coordinator: string): Promise<Reply> {
  const ids = [...transaction.participants.keys()];
  for (let attempt = 0, giveUpAt = performance.now() + PATIENCE_MS; ; attempt++) {
    try {
      // Asked again, it only tells the decision: it may have been made, and another list would be another question.
      return await callShard(router, coordinator, coordinateMessage(request, attempt === 0 ? ids : []), ONCE);
    } catch (error) {
      if (error instanceof ShardError && error.code === CODE.noSuchTransaction) {
        await abortOn(router, request, ids);
        throw error;
      }
      if (!(error instanceof ShardUnreachable) || performance.now() > giveUpAt) throw error;
      await sleep(50);
    }
  }
}

function coordinateMessage(request: Request, ids: readonly string[]): Buffer {
  const participants = Buffer.from(serialize({ participants: ids.map((shardId) => ({ shardId })) }));
  const first = Buffer.from('\x10coordinateCommitTransaction\0\x01\0\0\0', 'latin1');
  return rewrite(request, { first, append: [participants.subarray(4, participants.length - 1)] });
}

export async function abortTransaction(router: Router, request: Request): Promise<Buffer> {
  const transaction = router.transactions.of(request);
  if (transaction) await abortOn(router, request, [...transaction.participants.keys()]);
  return objectReply({});
}

/** A participant that does not answer has lost the transaction with its primary, or will reap it. */
async function abortOn(router: Router, request: Request, ids: readonly string[]): Promise<void> {
  const message = abortMessage(request);
  await Promise.all(ids.map((id) => callShard(router, id, message, ONCE).catch(() => undefined)));
}
