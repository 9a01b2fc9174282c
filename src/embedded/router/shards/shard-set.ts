/** The shards of the cluster, as `config.shards` names them. */

import { CODE, Refusal } from '../errors.ts';
import type { RoutingTable } from '../routing-table.ts';
import type { Greeting } from './connection.ts';
import { Shard } from './shard.ts';

export class ShardSet {
  readonly #routing: RoutingTable;
  readonly #greetingOf: (shardId: string) => Greeting | undefined;
  readonly #shards = new Map<string, Shard>();
  #loading: Promise<void> | undefined;

  constructor(routing: RoutingTable, greetingOf: (shardId: string) => Greeting | undefined) {
    this.#routing = routing;
    this.#greetingOf = greetingOf;
  }

  /** What is known without asking. */
  cached(id: string): Shard | undefined {
    return this.#shards.get(id);
  }

  /** @throws Refusal ShardNotFound */
  async get(id: string): Promise<Shard> {
    const known = this.#shards.get(id);
    if (known) return known;
    await this.load();
    const loaded = this.#shards.get(id);
    if (!loaded) throw new Refusal(CODE.shardNotFound, `no shard is named ${id}`);
    return loaded;
  }

  /** Every shard, ordered by id. */
  async all(): Promise<readonly Shard[]> {
    if (this.#shards.size === 0) await this.load();
    return [...this.#shards.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** Takes in shards that were added; removed ones are dropped. */
  load(): Promise<void> {
    this.#loading ??= this.#read().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  close(): void {
    for (const shard of this.#shards.values()) shard.close();
  }

  async #read(): Promise<void> {
    const documents = await this.#routing.read('shards', {});
    for (const { _id, host } of documents) {
      if (!this.#shards.has(_id)) this.#shards.set(_id, new Shard(_id, addressesIn(host), this.#greetingOf(_id)));
    }
    const ids = new Set(documents.map(({ _id }) => _id));
    for (const [id, shard] of this.#shards) {
      if (ids.has(id)) continue;
      shard.close();
      this.#shards.delete(id);
    }
  }
}

/** `shard_0/a:1,b:2` → its addresses. */
function addressesIn(host: string): string[] {
  return host.slice(host.indexOf('/') + 1).split(',');
}
