/**
 * The chain that seals a gateway's events: the hash of each is that of the hash before it and its own text.
 *
 * A chain alone shows what was altered, taken out, put in or reordered, but not that its end is gone or that it was written
 * anew from some place on. Signed roots (`roots.ts`) and the head outside the database (`witness.ts`) show that.
 * @see https://www.usenix.org/legacy/event/sec09/tech/full_papers/crosby.pdf
 */
import { hash } from 'node:crypto';

/** Where a chain ends. */
export interface ChainHead {
  /** Of the last event; 0 for a chain without events. The first event has 1, and none is left out. */
  readonly seq: number;
  /** Of the last event, 64 hexadecimal digits. */
  readonly hash: string;
}

/** The hash before the first event of a chain: that of its name. */
export const firstHash = (chain: string): string => hash('sha256', chain, 'hex');

/** SHA-256 of the hash before (as 64 hexadecimal digits) and the event's text (UTF-8). */
export const nextHash = (before: string, text: string): string => hash('sha256', before + text, 'hex');
