/** Signed roots: what a gateway vouches for of its chain, at least every hour and every 10,000 events. */
import type { ChainHead } from './chain.ts';

/** What a root says, under a signature. */
export interface Root extends ChainHead {
  /** The chain's name. */
  readonly chain: string;
  /** When it was signed, milliseconds since 1970. */
  readonly at: number;
}

/** Gives a JWS of the root. */
export type SignRoot = (root: Root) => Promise<string>;
/** The root in a JWS; undefined unless the signature is by one of our keys. */
export type ReadRoot = (signed: string) => Promise<Root | undefined>;

/** The name of the key that signs, and the `typ` of what it signs. */
export const ROOT_KEY = 'audit-signing';
export const ROOT_TYPE = 'meridian-audit-root+jws';

const ROOT_EVERY_MS = 3_600_000;
const ROOT_EVERY_EVENTS = 10_000;

/** True when the chain has grown enough, or long enough ago, for another root. */
export function isRootDue(head: ChainHead, last: Pick<Root, 'seq' | 'at'>, now: number): boolean {
  const events = head.seq - last.seq;
  return events >= ROOT_EVERY_EVENTS || (events > 0 && now - last.at >= ROOT_EVERY_MS);
}
