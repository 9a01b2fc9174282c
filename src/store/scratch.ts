/**
 * Scratch collections and tables for `$benchmark`: generated records laid out in two ways, so that the same queries can be
 * timed on both. Never patient data, never the gateway's own collections.
 */

/** One way of laying the records out, and the queries that can be asked of it. */
export interface ScratchArena {
  /** "sharded", "unsharded", "partitioned" or "unpartitioned". */
  readonly layout: string;
  /** Makes the place and fills it with `records` generated records. `isCancelled` is asked between batches. */
  load(records: number, isCancelled: () => boolean): Promise<void>;
  /** Classes of query, in words: "one patient's latest observations". */
  readonly queries: readonly string[];
  /** Asks one query of a class; `n` varies what is asked for. Gives how many records came back. */
  run(query: string, n: number): Promise<number>;
  /** Why it costs what it costs: shards or partitions touched, keys and documents examined. */
  explain(query: string): Promise<Readonly<Record<string, unknown>>>;
  /** Removes everything that `load` made. */
  drop(): Promise<void>;
}
