/** Counts what was loaded and gathers why the rest was refused; memory does not grow with the number of refusals. */
import type { Refusal, Sent } from './send.ts';

const MAX_REASONS = 200;
const MAX_NAMES = 3;

interface Reason {
  readonly status: number;
  readonly reason: string;
  readonly names: string[];
  entries: number;
}

export interface Tally {
  add(sent: Sent): void;
  refuse(refusal: Refusal): void;
  skip(entries: number): void;
  readonly loaded: () => number;
  readonly refused: () => number;
  readonly skipped: () => number;
  /** The report, in lines. */
  report(seconds: number): string[];
}

export function createTally(): Tally {
  const reasons = new Map<string, Reason>();
  let loaded = 0;
  let refused = 0;
  let skipped = 0;
  const refuse = (refusal: Refusal) => {
    refused += Math.max(1, refusal.entries);
    const key = reasons.size < MAX_REASONS ? `${refusal.status} ${refusal.reason}` : 'more';
    const known = reasons.get(key) ?? {
      status: refusal.status,
      reason: key === 'more' ? 'other reasons' : refusal.reason,
      names: [],
      entries: 0,
    };
    known.entries += Math.max(1, refusal.entries);
    if (known.names.length < MAX_NAMES) known.names.push(refusal.name);
    reasons.set(key, known);
  };
  return {
    loaded: () => loaded,
    refused: () => refused,
    skipped: () => skipped,
    refuse,
    skip: (entries) => {
      skipped += entries;
    },
    add(sent) {
      loaded += sent.loaded;
      for (const refusal of sent.refused) refuse(refusal);
    },
    report(seconds) {
      const rate = seconds > 0 ? Math.round(loaded / seconds) : loaded;
      const head = `${loaded} resources loaded in ${seconds.toFixed(1)} s (${rate}/s), ${skipped} were there already, ${refused} refused.`;
      const sorted = [...reasons.values()].sort((a, b) => b.entries - a.entries);
      return [
        head,
        ...sorted.map((each) => `  ${each.entries} × ${each.status || 'not sent'}: ${each.reason}  [${each.names.join(', ')}]`),
      ];
    },
  };
}
