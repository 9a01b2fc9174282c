/** What command handlers work with. */
import type { CursorTable } from './cursor-table.ts';
import type { RoutingTable } from './routing-table.ts';
import type { Shard } from './shards/shard.ts';
import type { ShardSet } from './shards/shard-set.ts';
import type { Transactions } from './transactions.ts';
import type { Request } from './wire/request.ts';

export interface Router {
  readonly config: Shard;
  readonly shards: ShardSet;
  readonly routing: RoutingTable;
  readonly cursors: CursorTable;
  readonly transactions: Transactions;
}

/** Gives the reply, an OP_MSG whose `responseTo` the server sets. @throws Refusal, ShardError, ShardUnreachable */
export type Handler = (router: Router, request: Request) => Promise<Buffer>;
