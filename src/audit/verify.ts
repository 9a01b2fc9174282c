/** Whether the rows of the audit are those that the gateways wrote: all of them, unchanged, in order. */
import { type ChainHead, firstHash, nextHash } from './chain.ts';
import { recordedAt } from './record.ts';
import type { ReadRoot, Root } from './roots.ts';

/** A row as the database has it now. */
export interface StoredEvent {
  readonly chain: number;
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly recorded: number;
  readonly text: string;
  readonly hash: string;
}

export interface Evidence {
  /** Names of the chains by their numbers, and the heads that the database has for them. */
  readonly chains: ReadonlyMap<number, ChainHead & { readonly name: string }>;
  /** Signed roots, from the database and from wherever they were kept besides. */
  readonly roots: readonly string[];
  /** Heads that gateways remembered outside the database, by the chains' names. */
  readonly heads: ReadonlyMap<string, ChainHead>;
}

interface Finding {
  /** The chain's name. */
  readonly chain: string;
  /** The event that is wrong, or the first of several. */
  readonly seq: number;
  readonly problem: string;
}

export interface Verification {
  readonly events: number;
  readonly chains: number;
  readonly roots: number;
  readonly findings: readonly Finding[];
}

/** More findings say nothing new. */
const MOST_FINDINGS = 100;

interface Walked {
  readonly name: string;
  seq: number;
  hash: string;
  /** Hashes that the evidence vouches for, by number; where it contradicts itself, more than one. */
  readonly vouched: ReadonlyMap<number, readonly ChainHead[]>;
}

/**
 * Walks over the events, which come in the order of their numbers within each chain.
 * A root that none of our keys signed is a finding; one that is missing is not, since others and the heads vouch for more.
 */
export async function verifyEvents(
  events: AsyncIterable<readonly StoredEvent[]>,
  evidence: Evidence,
  readRoot: ReadRoot,
): Promise<Verification> {
  const findings: Finding[] = [];
  const find = (finding: Finding) => findings.length < MOST_FINDINGS && findings.push(finding);
  const roots = await readRoots(evidence.roots, readRoot, find);
  const walks = walksOf(evidence, roots);
  let count = 0;
  for await (const batch of events) {
    count += batch.length;
    for (const event of batch) step(walks, event, find);
  }
  for (const walk of walks.values()) checkEnd(walk, find);
  checkChains(walks, evidence, roots, find);
  return { events: count, chains: walks.size, roots: roots.length, findings };
}

type Find = (finding: Finding) => unknown;

async function readRoots(signed: readonly string[], readRoot: ReadRoot, find: Find): Promise<Root[]> {
  const roots: Root[] = [];
  for (const text of new Set(signed)) {
    const root = await readRoot(text);
    if (root) roots.push(root);
    else find({ chain: '?', seq: 0, problem: 'a root is not signed by a key of this server' });
  }
  return roots;
}

function walksOf({ chains, heads }: Evidence, roots: readonly Root[]): Map<number, Walked> {
  const walks = new Map<number, Walked>();
  for (const [number, { name, seq, hash }] of chains) {
    const head = heads.get(name);
    const vouchers = [...roots.filter(({ chain }) => chain === name), { seq, hash }, ...(head ? [head] : [])];
    walks.set(number, { name, seq: 0, hash: firstHash(name), vouched: Map.groupBy(vouchers, (voucher) => voucher.seq) });
  }
  return walks;
}

function step(walks: Map<number, Walked>, event: StoredEvent, find: Find): void {
  const walk = walks.get(event.chain);
  if (!walk) {
    find({ chain: String(event.chain), seq: event.seq, problem: 'the event is in a chain that does not exist' });
    return;
  }
  const at = (problem: string, seq = event.seq) => find({ chain: walk.name, seq, problem });
  const expected = walk.seq + 1;
  if (event.seq > expected) at(`events ${expected} to ${event.seq - 1} are missing`, expected);
  if (event.seq < expected) {
    at('there is a second event with this number, or it is out of order');
    return;
  }
  if (nextHash(walk.hash, event.text) !== event.hash) {
    at(event.seq > expected ? 'the event does not follow the one before it' : 'the event, or the one before it, was altered or moved');
  }
  if (recordedAt(event.text) !== event.recorded) at('the event was moved to another time');
  if (walk.vouched.get(event.seq)?.some(({ hash }) => hash !== event.hash)) {
    at(
      `what comes after event ${lastVouched(walk, event.seq)} was written anew: event ${event.seq} is not the one that was signed or remembered`,
    );
  }
  walk.seq = event.seq;
  walk.hash = event.hash;
}

const lastVouched = ({ vouched }: Walked, before: number) => Math.max(0, ...[...vouched.keys()].filter((seq) => seq < before));

/** The chain must reach as far as anything vouches for. */
function checkEnd(walk: Walked, find: Find): void {
  const furthest = Math.max(0, ...walk.vouched.keys());
  if (walk.seq < furthest) {
    find({ chain: walk.name, seq: walk.seq + 1, problem: `events ${walk.seq + 1} to ${furthest} are missing at the end` });
  }
}

/** A chain that somebody vouches for can't have vanished whole. */
function checkChains(walks: ReadonlyMap<number, Walked>, { heads }: Evidence, roots: readonly Root[], find: Find): void {
  const present = new Set([...walks.values()].map(({ name }) => name));
  const vouched = new Map<string, number>();
  for (const { chain, seq } of roots) vouched.set(chain, Math.max(seq, vouched.get(chain) ?? 0));
  for (const [chain, { seq }] of heads) vouched.set(chain, Math.max(seq, vouched.get(chain) ?? 0));
  for (const [chain, seq] of vouched) {
    if (!present.has(chain) && seq > 0) find({ chain, seq: 1, problem: `the chain is missing, all ${seq} events of it` });
  }
}
