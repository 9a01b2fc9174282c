/** Sending parts of a command to shards, again where that is safe: after a stale route, after a change of primary. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Router } from './context.ts';
import { CODE, isPrimaryChangeCode, isStaleCode, Refusal, ShardError, StaleRoute } from './errors.ts';
import { rewrite } from './rewrite.ts';
import type { CollectionRoute } from './routing-table.ts';
import type { ConnectionPool } from './shards/connection.ts';
import { before, callOver, type Shard, ShardUnreachable } from './shards/shard.ts';
import { join, noteReply, TRANSACTION_FIELDS, type Transaction } from './transactions.ts';
import { findElement, numberIn, stringIn } from './wire/bson-bytes.ts';
import { errorCodeOf, errorTextOf, isOk, parseReply, type Reply, writeConcernCodeOf } from './wire/reply.ts';
import { namespaceOf, type Request } from './wire/request.ts';

const PATIENCE_MS = 15_000;
const STALE_ATTEMPTS = 20;

interface CallOptions {
  /** May be sent again when nobody knows whether it was carried out: reads, and writes with a transaction number. */
  readonly isRepeatable: boolean;
  /** Any other member is as good as the primary. */
  readonly prefersSecondary?: boolean;
  /** A secondary will do where there is no primary. */
  readonly acceptsSecondary?: boolean;
  /** The client's own limit (`maxTimeMS`); nothing is sent to a shard after it. */
  readonly withinMs?: number | undefined;
}

/** How long a member may be late beyond the client's limit, which it keeps itself. */
const LATE_MS = 500;
/** After so long without a reply a member may be stopped. */
const SUSPICIOUS_MS = 1_500;
/** How long a primary is looked for at a time: an election takes 2–3 s, a busy machine may double that. */
const FIND_WITHIN_MS = 6_000;
/** How long a primary is looked for when a secondary will do. */
const BRIEFLY_MS = 100;

/** The shard's reply, also after a change of primary if the command is repeatable. @throws StaleRoute, ShardUnreachable, ShardError (any other reply that is not ok) */
export async function callShard(router: Router, shardId: string, message: Buffer, options: CallOptions): Promise<Reply> {
  const { isRepeatable, withinMs } = options;
  let { prefersSecondary } = options;
  const shard = router.shards.cached(shardId) ?? (await router.shards.get(shardId));
  const patienceMs = Math.min(withinMs ?? PATIENCE_MS, PATIENCE_MS);
  for (const giveUpAt = performance.now() + patienceMs; ; ) {
    const secondary = prefersSecondary ? shard.secondary() : options.acceptsSecondary ? await standIn(shard) : undefined;
    try {
      const member = secondary ?? shard.knownPrimary ?? (await shard.primary(Math.min(giveUpAt - performance.now(), FIND_WITHIN_MS)));
      return await callMember(shard, member, message, isRepeatable, withinMs);
    } catch (error) {
      if (secondary && (error instanceof StaleRoute || error instanceof ShardUnreachable)) {
        // It may lag behind a move of chunks; the primary decides.
        if (error instanceof StaleRoute) prefersSecondary = false;
        else shard.mistrust(secondary);
        continue;
      }
      if (!(error instanceof ShardUnreachable) || !isRepeatable || performance.now() > giveUpAt) throw error;
      await sleep(20);
    }
  }
}

/** A secondary, if the shard has no primary. */
async function standIn(shard: Shard): Promise<ConnectionPool | undefined> {
  if (shard.knownPrimary) return undefined;
  const hasPrimary = await shard.primary(BRIEFLY_MS).then(
    () => true,
    () => false,
  );
  return hasPrimary ? undefined : shard.secondary();
}

async function callMember(
  shard: Shard,
  member: ConnectionPool,
  message: Buffer,
  isRepeatable: boolean,
  withinMs: number | undefined,
): Promise<Reply> {
  const reply = parseReply(await replyOf(shard, member, message, withinMs), member.address);
  if (isOk(reply)) {
    const concern = isRepeatable ? writeConcernCodeOf(reply) : undefined;
    if (concern === undefined || !isPrimaryChangeCode(concern)) return reply;
    shard.mistrust(member);
    throw new ShardUnreachable('the primary changed before the write was safe');
  }
  const code = errorCodeOf(reply);
  if (isStaleCode(code)) throw new StaleRoute(errorTextOf(reply));
  if (!isPrimaryChangeCode(code)) throw new ShardError(reply);
  shard.mistrust(member);
  throw new ShardUnreachable(errorTextOf(reply));
}

/** The member's reply. When it is late the shard is asked whether it still has the same primary. */
async function replyOf(shard: Shard, member: ConnectionPool, message: Buffer, withinMs: number | undefined): Promise<Buffer> {
  const reply = callOver(member, message);
  if (withinMs === undefined) return reply;
  const late = setTimeout(() => void shard.reconsider(member), SUSPICIOUS_MS);
  const answered = before(withinMs + LATE_MS, reply, `${member.address} does not answer`);
  return answered.finally(() => clearTimeout(late));
}

/** How a read may be sent. */
export function readOptions(request: Request): CallOptions {
  const mode = readMode(request);
  return {
    isRepeatable: true,
    prefersSecondary: mode === 'secondary' || mode === 'secondaryPreferred' || mode === 'nearest',
    acceptsSecondary: mode === 'primaryPreferred',
    withinMs: maxTimeOf(request),
  };
}

/** What the client wants to read from. Transactions always read from the primary. */
function readMode({ message, fields }: Request): string | undefined {
  const preference = fields.get('$readPreference');
  if (!preference || fields.has('autocommit')) return undefined;
  return stringIn(message, findElement(message, preference.value, 'mode'));
}

/** The client's limit, milliseconds. */
export function maxTimeOf({ message, fields }: Request): number | undefined {
  return numberIn(message, fields.get('maxTimeMS')) || undefined;
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
      const primary = await shard.primary();
      await callOver(primary, abortMessage(request)).catch(() => undefined);
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

/** A statement of a transaction: the client starts again rather than wait for a primary, which has forgotten the transaction. */
const IN_TRANSACTION: CallOptions = { isRepeatable: false, withinMs: 15_000 };
/** For what must not be sent twice. */
export const ONCE: CallOptions = { isRepeatable: false };
/** For what may be, at the primary. */
export const REPEATABLE: CallOptions = { isRepeatable: true };

const SESSION_FIELDS = new Set(['lsid', 'txnNumber', 'autocommit']);

/** Calls one shard within a statement and keeps the transaction's books. */
export async function callParticipant(
  router: Router,
  shardId: string,
  message: Buffer,
  transaction: Transaction | undefined,
  options: CallOptions,
): Promise<Reply> {
  if (!transaction) return callShard(router, shardId, message, options);
  try {
    const reply = await callShard(router, shardId, message, IN_TRANSACTION);
    noteReply(transaction, shardId, reply);
    return reply;
  } catch (error) {
    if (!(error instanceof ShardUnreachable)) throw error;
    throw new Refusal(CODE.hostUnreachable, error.message, ['TransientTransactionError']);
  }
}
