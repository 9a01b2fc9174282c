/** What a store did for a search, as the database itself reports it. */

export interface StageExplanation {
  readonly store: 'memory' | 'mongodb' | 'postgresql';
  readonly types: readonly string[];
  /** Parts of the work: one for each shard, or one for the whole statement. */
  readonly parts: readonly PartExplanation[];
  readonly milliseconds?: number | undefined;
}

export interface PartExplanation {
  /** The shard; undefined where there are none. */
  readonly shard?: string | undefined;
  /** Kinds of plan nodes, outermost first, each once: "IXSCAN", "Bitmap Index Scan". */
  readonly nodes: readonly string[];
  readonly indexes: readonly string[];
  /** Tables or partitions that were scanned. */
  readonly relations?: readonly string[] | undefined;
  /** Partitions that the conditions ruled out as the statement began. */
  readonly relationsPruned?: number | undefined;
  readonly keysExamined?: number | undefined;
  readonly documentsExamined?: number | undefined;
  /** Pages of 8 KB that were read, from memory or disk. */
  readonly blocks?: number | undefined;
  readonly returned: number;
}
