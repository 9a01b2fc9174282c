/** `insert`, `update`, `delete`: each statement to the shard that owns its `_id`; one shard's replies go back as they come. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Router } from '../context.ts';
import { CODE, isStaleCode, Refusal, StaleRoute } from '../errors.ts';
import { callParticipant, maxTimeOf, messageFor, ONCE, withRoute } from '../execute.ts';
import { rewrite } from '../rewrite.ts';
import { type CollectionRoute, elementsAsBytes } from '../routing-table.ts';
import type { Transaction } from '../transactions.ts';
import { findElement, intArray, isTrue } from '../wire/bson-bytes.ts';
import { documentsIn, type Reply } from '../wire/reply.ts';
import { documentsOf, namespaceOf, type Request } from '../wire/request.ts';
import { WriteOutcome } from '../write-outcome.ts';
import { type Group, groupByShard, STATEMENT_FIELD, shardsOfStatement, type WriteCommand } from '../write-statements.ts';
import { routeForWrite } from './databases.ts';

const STALE_ATTEMPTS = 20;
/** What a `mongos` adds: the shards of a cluster know no default of their own. */
const MAJORITY = elementsAsBytes({ writeConcern: { w: 'majority' } });

export async function write(router: Router, request: Request): Promise<Buffer> {
  const command = request.name as WriteCommand;
  const transaction = router.transactions.of(request);
  const batch = new WriteBatch(router, request, command, transaction);
  if (!transaction) return batch.run();
  return withRoute(router, request, { isRead: false, transaction }, async (route) =>
    batch.runInTransaction(route ?? (await routeForWrite(router, request))),
  );
}

/** One write command on its way. */
class WriteBatch {
  readonly #router: Router;
  readonly #request: Request;
  readonly #command: WriteCommand;
  readonly #transaction: Transaction | undefined;
  readonly #statements: readonly Buffer[];
  readonly #isOrdered: boolean;
  readonly #isRepeatable: boolean;
  readonly #concern: readonly Uint8Array[];

  constructor(router: Router, request: Request, command: WriteCommand, transaction: Transaction | undefined) {
    const { message, fields } = request;
    this.#router = router;
    this.#request = request;
    this.#command = command;
    this.#transaction = transaction;
    this.#statements = documentsOf(request, STATEMENT_FIELD[command]);
    const ordered = fields.get('ordered');
    // An error ends a transaction whatever the order, so its parts may go out together.
    this.#isOrdered = !transaction && (ordered === undefined || isTrue(message, ordered));
    this.#isRepeatable = !transaction && fields.has('txnNumber');
    this.#concern = transaction || fields.has('writeConcern') ? [] : MAJORITY;
  }

  async run(): Promise<Buffer> {
    const outcome = new WriteOutcome();
    const namespace = namespaceOf(this.#request);
    let pending: readonly number[] = this.#statements.map((_, index) => index);
    for (let attempt = 0; attempt < STALE_ATTEMPTS; attempt++) {
      const route = this.#router.routing.cached(namespace) ?? (await routeForWrite(this.#router, this.#request));
      const groups = this.#groups(pending, route);
      if (!groups) return this.#runByCluster(route);
      const [only] = groups;
      const isWhole = groups.length === 1 && only?.indices.length === this.#statements.length;
      if (only && isWhole) {
        const reply = await this.#sendWhole(only, route);
        if (reply) return reply.message;
      } else {
        pending = await this.#sendGroups(groups, route, outcome);
        if (pending.length === 0 || (this.#isOrdered && outcome.hasErrors)) return outcome.reply(this.#command === 'update');
      }
      this.#router.routing.forget(namespace);
      if (attempt > 0) await sleep(Math.min(10 * 2 ** attempt, 500));
    }
    throw new Refusal(CODE.hostUnreachable, `the shards keep calling the route of ${namespace} stale`);
  }

  /** All parts at once; a stale route throws, and the caller runs it again. */
  async runInTransaction(route: CollectionRoute): Promise<Buffer> {
    const pending = this.#statements.map((_, index) => index);
    const groups = this.#groups(pending, route) ?? [];
    const [only] = groups;
    if (only && groups.length === 1) return (await this.#call(only.shard, this.#message(only, route, true))).message;
    const outcome = new WriteOutcome();
    const messages = groups.map((group) => this.#message(group, route, false));
    const settled = await Promise.allSettled(groups.map(({ shard }, index) => this.#call(shard, messages[index] as Buffer)));
    for (const [index, result] of settled.entries()) {
      if (result.status === 'rejected') throw result.reason;
      outcome.add(result.value, groups[index]?.indices ?? []);
    }
    return outcome.reply(this.#command === 'update');
  }

  /** Undefined when a statement concerns several shards and there is no transaction to hold its parts together. */
  #groups(pending: readonly number[], route: CollectionRoute): Group[] | undefined {
    const shardsByIndex = new Map<number, readonly string[]>();
    for (const index of pending) {
      const shards = shardsOfStatement(this.#command, this.#statements[index] as Buffer, route);
      if (shards.length > 1 && !this.#transaction) return undefined;
      shardsByIndex.set(index, shards);
    }
    return groupByShard(shardsByIndex, this.#isOrdered);
  }

  /** Undefined if the route was stale, in which case nothing was done. */
  async #sendWhole(group: Group, route: CollectionRoute): Promise<Reply | undefined> {
    try {
      const reply = await this.#call(group.shard, this.#message(group, route, true));
      return hasStaleErrors(reply) ? undefined : reply;
    } catch (error) {
      if (error instanceof StaleRoute) return undefined;
      throw error;
    }
  }

  /** Gives the statements that are still to be done. */
  async #sendGroups(groups: readonly Group[], route: CollectionRoute, outcome: WriteOutcome): Promise<number[]> {
    if (!this.#isOrdered) {
      const left = await Promise.all(groups.map((group) => this.#sendGroup(group, route, outcome)));
      return left.flat().sort((a, b) => a - b);
    }
    for (const [at, group] of groups.entries()) {
      const left = await this.#sendGroup(group, route, outcome);
      if (left.length > 0) return [...left, ...groups.slice(at + 1).flatMap(({ indices }) => indices)];
      if (outcome.hasErrors) return [];
    }
    return [];
  }

  async #sendGroup(group: Group, route: CollectionRoute, outcome: WriteOutcome): Promise<number[]> {
    try {
      const stale = outcome.add(await this.#call(group.shard, this.#message(group, route, false)), group.indices);
      // An ordered command stops at the stale statement; the ones after it have no error of their own.
      const [first] = stale;
      return this.#isOrdered && first !== undefined ? group.indices.filter((index) => index >= first) : stale;
    } catch (error) {
      if (error instanceof StaleRoute) return group.indices;
      throw error;
    }
  }

  #call(shard: string, message: Buffer): Promise<Reply> {
    return callParticipant(this.#router, shard, message, this.#transaction, {
      isRepeatable: this.#isRepeatable,
      withinMs: maxTimeOf(this.#request),
    });
  }

  #message({ shard, indices }: Group, route: CollectionRoute, isWhole: boolean): Buffer {
    if (isWhole) return messageFor(this.#request, route, shard, this.#transaction, { append: this.#concern });
    const name = STATEMENT_FIELD[this.#command];
    const documents = indices.map((index) => this.#statements[index] as Buffer);
    // Each statement keeps the number that it has in the client's list: a repeated one is known by it.
    const ids = this.#isRepeatable ? [intArray('stmtIds', indices)] : [];
    return messageFor(this.#request, route, shard, this.#transaction, {
      drop: [name],
      append: [...ids, ...this.#concern],
      sequence: { name, documents },
    });
  }

  /** MongoDB's own scatter for a statement on many documents: it must not carry a transaction number (a `mongod` aborts on that). */
  async #runByCluster(route: CollectionRoute): Promise<Buffer> {
    const rename = this.#command === 'update' ? 'clusterUpdate' : 'clusterDelete';
    const message = rewrite(this.#request, { rename, drop: ['txnNumber', 'stmtIds', 'stmtId'], append: this.#concern });
    return (await callParticipant(this.#router, route.shards[0] ?? '', message, undefined, ONCE)).message;
  }
}

function hasStaleErrors({ message, fields }: Reply): boolean {
  const errors = fields.get('writeErrors');
  if (!errors) return false;
  return documentsIn(message, errors).some((bytes) => {
    const code = findElement(bytes, 0, 'code');
    return code !== undefined && isStaleCode(bytes.readInt32LE(code.value));
  });
}
