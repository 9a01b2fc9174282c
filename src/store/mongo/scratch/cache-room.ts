/** How large a member's cache is, and how large its machine lets it be for a while. */
import type { MongoClient } from 'mongodb';

/** Bytes of its storage engine's cache; undefined where it does not tell. */
export async function bytesOf(client: MongoClient): Promise<number | undefined> {
  const { wiredTiger } = await client
    .db('admin')
    .command({ serverStatus: 1, metrics: 0, repl: 0, locks: 0, tcmalloc: 0, maxTimeMS: 2_000 });
  const bytes = Number(wiredTiger?.cache?.['maximum bytes configured']);
  return Number.isFinite(bytes) ? bytes : undefined;
}

/** In bytes. */
export interface MemberMemory {
  readonly cacheBytes: number;
  /** What its machine has, or its container may use. */
  readonly limitBytes: number;
  /** What is free, where the member runs on the gateway's own machine. */
  readonly availableBytes?: number;
}

/** A cache may have this share of the machine, and what is added to it this share of what is free: queries need memory too. */
const SHARE = 0.5;

/** Why the cache can't be so large, in words; undefined if it can. */
export function cacheProblem({ cacheBytes, limitBytes, availableBytes = Infinity }: MemberMemory, enlarged: number): string | undefined {
  if (enlarged > SHARE * limitBytes) return `${mb(enlarged)} are more than half of its machine’s ${mb(limitBytes)}`;
  const more = enlarged - cacheBytes;
  if (more > SHARE * availableBytes) return `${mb(more)} more cache are more than half of the ${mb(availableBytes)} that are free`;
  return undefined;
}

export const mb = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MB`;
