/** Sessions: ended quietly, or killed on every shard. */
import type { Router } from '../context.ts';
import { callShard, REPEATABLE } from '../execute.ts';
import { objectReply } from '../wire/reply.ts';
import type { Request } from '../wire/request.ts';
import { commandOf } from './collections.ts';

function keysIn(list: unknown): string[] {
  if (!Array.isArray(list)) return [];
  return list.map((session: { id?: { buffer?: Uint8Array } }) => Buffer.from(session.id?.buffer ?? []).toString('latin1'));
}

/** Nothing is told to the shards: they drop idle sessions by themselves. */
export async function endSessions(router: Router, request: Request): Promise<Buffer> {
  for (const key of keysIn(commandOf(request).endSessions)) router.transactions.forget(key);
  return objectReply({});
}

/** Ends the sessions' transactions and cursors wherever they are: recovery relies on it. */
export async function killSessions(router: Router, request: Request): Promise<Buffer> {
  const shards = await router.shards.all();
  await Promise.all(shards.map((shard) => callShard(router, shard.id, request.message, REPEATABLE)));
  for (const key of keysIn(commandOf(request).killSessions)) router.transactions.forget(key);
  return objectReply({});
}
