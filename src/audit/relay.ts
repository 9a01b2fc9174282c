/** Carries lines from the queue to the database, in order, each once: numbers them, hashes them, signs a root now and then. */
import { setTimeout as sleep } from 'node:timers/promises';
import { orAfter } from '../lifecycle/or-after.ts';
import { type ChainHead, firstHash, nextHash } from './chain.ts';
import type { AuditQueue, QueuePosition } from './queue.ts';
import { parseRecord } from './record.ts';
import { isRootDue, type SignRoot } from './roots.ts';
import { keysOf } from './search-keys.ts';
import type { Witness } from './witness.ts';

/** An event as it is stored. */
export interface AuditRow {
  readonly recorded: number;
  readonly text: string;
  /** 64 hexadecimal digits. */
  readonly hash: string;
  readonly keys: readonly number[];
}

/** A chain as the database knows it. `number` is its short name there. */
export interface StoredChain extends ChainHead {
  readonly number: number;
  /** Up to where the queue has been taken. */
  readonly position: QueuePosition;
  readonly lastRoot: { readonly seq: number; readonly at: number };
  /** Every write of the chain's gateway before this instant has its event; milliseconds since 1970. */
  readonly coveredAt: number;
}

/** Where events go: rows of `AuditEvent` and the heads of chains. */
export interface AuditSink {
  /** The chain of that name; undefined if the database has none. */
  findChain(name: string): Promise<StoredChain | undefined>;
  openChain(name: string, head: ChainHead, position: QueuePosition): Promise<StoredChain>;
  /**
   * Adds the rows after `after` and moves the chain's head, both or neither.
   * @throws Error if `after` is no longer the head
   */
  append(chain: number, after: ChainHead, rows: readonly AuditRow[], position: QueuePosition, coveredAt: number): Promise<void>;
  keepRoot(chain: number, seq: number, signed: string, at: number): Promise<void>;
  /** Says that the gateway of the chain is alive, or that it has ended in order, and up to when it is covered. */
  beat(chain: number, coveredAt: number, isClosed: boolean): Promise<void>;
}

export interface AuditRelayOptions {
  readonly queue: AuditQueue;
  readonly witness: Witness;
  readonly sink: AuditSink;
  readonly sign: SignRoot;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly newUlid: () => string;
  readonly log: (message: string, detail?: Readonly<Record<string, unknown>>) => void;
}

export interface AuditRelay {
  /** Waits until everything that was in the queue when it was called is in the database. @throws Error after `patienceMs` */
  flush(patienceMs: number): Promise<void>;
  /** The chain's number in the database. */
  chain(): number;
  /** Up to when the writes of this gateway's predecessor have their events. */
  readonly coveredAt: number;
  /** Called when writes that it left without an event have been looked for: from now on the gateway vouches for itself. */
  settle(): void;
  /** Carries over what is left, within `patienceMs`, signs a root and ends. What is not carried over stays in the queue. */
  close(patienceMs: number): Promise<void>;
}

/** About this much of the queue at once: some 800 events, 3 ms of work between two turns of the event loop. */
const CHUNK_BYTES = 256 * 1024;
/** Events wait this long for others. */
const REST_MS = 100;
const RETRY_MS = 1_000;
const BEAT_EVERY_MS = 10_000;

/** Opens the gateway's chain, or begins one, and carries lines over until it is closed. */
export async function startAuditRelay(options: AuditRelayOptions): Promise<AuditRelay> {
  const { queue, witness, sink, now, log } = options;
  let chain = await openChain(options);
  let isClosing = false;
  let isFailing = false;
  let beatAt = 0;
  let isSettled = false;
  const { coveredAt } = chain;
  /** While what came before is being looked for, or events wait, no more is vouched for than before. */
  const coveredUpTo = (instant: number) => (isSettled ? Math.max(instant, chain.coveredAt) : coveredAt);
  const waiters = new Set<{ readonly to: QueuePosition; readonly done: () => void }>();
  let wake: () => void = () => undefined;

  /** One chunk. Gives how many events it had. */
  async function carry(): Promise<number> {
    const { lines, next } = queue.read(chain.position, CHUNK_BYTES);
    if (lines.length === 0) return 0;
    const { rows, head } = sealed(chain, lines, log);
    const covered = coveredUpTo(rows.at(-1)?.recorded ?? 0);
    await sink.append(chain.number, chain, rows, next, covered);
    chain = { ...chain, ...head, position: next, coveredAt: covered };
    witness.remember(head);
    queue.release(next);
    await signIfDue(false);
    return lines.length;
  }

  async function signIfDue(isLast: boolean): Promise<void> {
    const { number, seq, hash, lastRoot } = chain;
    const at = now();
    if (seq === lastRoot.seq || !(isLast || isRootDue(chain, lastRoot, at))) return;
    const signed = await options.sign({ chain: witness.chain ?? '', seq, hash, at });
    witness.rememberRoot(signed);
    await sink.keepRoot(number, seq, signed, at);
    chain = { ...chain, lastRoot: { seq, at } };
  }

  async function beatIfDue(): Promise<void> {
    if (performance.now() - beatAt < BEAT_EVERY_MS) return;
    await sink.beat(chain.number, coveredUpTo(now()), false);
    await signIfDue(false);
    beatAt = performance.now();
  }

  /** @returns false if it failed */
  async function turn(): Promise<boolean> {
    try {
      // Not until the queue is empty: under load the few events that come during a statement would each time be the next one's.
      while ((await carry()) > 0 && queue.waiting >= CHUNK_BYTES);
      tell();
      await beatIfDue();
      if (isFailing) log('audit events reach the database again');
      isFailing = false;
      return true;
    } catch (error) {
      if (!isFailing) log('audit events wait on disk: the database does not take them', { error });
      isFailing = true;
      // Whether the statement was carried out is known to the database only.
      chain = (await sink.findChain(witness.chain ?? '').catch(() => undefined)) ?? chain;
      return false;
    }
  }

  function tell(): void {
    for (const waiter of waiters) {
      if (isBefore(chain.position, waiter.to)) continue;
      waiters.delete(waiter);
      waiter.done();
    }
  }

  /** Until some events have come together, or somebody waits. */
  async function rest(ms: number): Promise<void> {
    if (waiters.size > 0) return;
    await new Promise<void>((resolve) => {
      wake = resolve;
      setTimeout(resolve, ms).unref();
    });
  }

  async function run(): Promise<void> {
    while (!isClosing) {
      const isDone = await turn();
      if (!isClosing) await (isDone ? rest(REST_MS) : Promise.race([sleep(RETRY_MS, undefined, { ref: false }), closing.promise]));
    }
  }

  const closing = Promise.withResolvers<void>();
  const running = run();

  return {
    chain: () => chain.number,
    coveredAt,
    settle: () => {
      isSettled = true;
    },
    async flush(patienceMs) {
      const to = queue.end;
      if (!isBefore(chain.position, to)) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      waiters.add({ to, done: resolve });
      wake();
      await orAfter(patienceMs, promise, () => {
        throw new Error('the database does not take audit events');
      });
    },
    async close(patienceMs) {
      isClosing = true;
      closing.resolve();
      wake();
      await running;
      const ending = (async () => {
        while ((await carry()) > 0);
        await signIfDue(true);
        await sink.beat(chain.number, coveredUpTo(now()), isSettled);
      })();
      const ended = ending.catch((error: unknown) => log('audit events stay on disk until the next start', { error }));
      await orAfter(patienceMs, ended, () => undefined);
      witness.close();
    },
  };
}

const isBefore = (a: QueuePosition, b: QueuePosition) => a.file < b.file || (a.file === b.file && a.offset < b.offset);

function sealed(after: ChainHead, lines: readonly string[], log: AuditRelayOptions['log']) {
  let { seq, hash } = after;
  const rows: AuditRow[] = [];
  for (const text of lines) {
    const keysAndTime = understood(text);
    if (!keysAndTime) {
      log('a line of the audit queue can not be read and is left out', { length: text.length });
      continue;
    }
    hash = nextHash(hash, text);
    seq++;
    rows.push({ ...keysAndTime, text, hash });
  }
  return { rows, head: { seq, hash } };
}

/** Undefined for what a power cut left of a line. */
function understood(text: string): Pick<AuditRow, 'recorded' | 'keys'> | undefined {
  try {
    const record = parseRecord(text);
    return Number.isSafeInteger(record.recorded) ? { recorded: record.recorded, keys: keysOf(record) } : undefined;
  } catch {
    return undefined;
  }
}

/** The chain that this folder kept, if the database agrees; else a new one, loudly. */
async function openChain({ queue, witness, sink, newUlid, log }: AuditRelayOptions): Promise<StoredChain> {
  const { chain: name, head } = witness;
  const stored = name === undefined ? undefined : await sink.findChain(name);
  if (stored && name !== undefined && stored.seq >= (head?.seq ?? 0)) {
    witness.begin(name);
    const position = within(stored.position, queue);
    queue.release(position);
    return { ...stored, position };
  }
  if (name !== undefined) {
    log('the database does not have the end of the audit chain; a new one begins', {
      chain: name,
      expected: head?.seq,
      found: stored?.seq,
    });
  }
  const fresh = newUlid();
  const opened = await sink.openChain(fresh, { seq: 0, hash: firstHash(fresh) }, queue.start);
  witness.begin(fresh);
  return opened;
}

/** After a power cut the queue may end before what the database has taken of it. */
function within(position: QueuePosition, { start, end }: AuditQueue): QueuePosition {
  if (isBefore(position, start)) return start;
  return isBefore(end, position) ? end : position;
}
