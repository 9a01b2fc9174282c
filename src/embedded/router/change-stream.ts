/**
 * One change stream over those of all shards, in the order of their resume tokens. An event is handed on when no shard can still
 * send an earlier one: each tells with every batch how far it has read its oplog (`postBatchResumeToken`).
 * @see https://www.mongodb.com/docs/v6.0/changeStreams/
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Binary, type Document, Long, Timestamp } from 'bson';
import { findElement, stringIn } from './wire/bson-bytes.ts';

/** A shard answers an idle stream only when its time is over, so this is how long an event of another shard may be held. */
const IDLE_WAIT_MS = 250;
const HELD_WAIT_MS = 5;
const NUDGE_AGAIN_MS = 500;

/** The stream of one shard. */
export interface ShardStream {
  readonly shard: string;
  /** The member that serves it. */
  readonly address: string;
  /** 0 when the shard has closed it. */
  id: bigint;
  /** Events that wait here, oldest first. */
  events: Buffer[];
  /** How far the shard has read. */
  token: string;
  /** The fetch that is under way. */
  fetching: Promise<void> | undefined;
  /** The event for which it was nudged last, and when. */
  nudgedFor: string;
  nudgedAt: number;
}

export interface StreamActions {
  /** Asks the shard for more, which it may wait for so long: fills `events`, `id` and `token`. */
  fetch(stream: ShardStream, waitMs: number): Promise<void>;
  /** Makes an idle shard write something, so that it tells a token later than this one. */
  nudge(stream: ShardStream, token: string): Promise<void>;
}

/** The resume token of an event. Tokens are hexadecimal texts that sort as the events do. */
function tokenOf(event: Buffer): string {
  const id = findElement(event, 0, '_id');
  return (id && stringIn(event, findElement(event, id.value, '_data'))) ?? '';
}

/** The cluster time that a token starts with: a type byte, then 8 bytes, most significant first. */
export function timeOf(token: string): Timestamp {
  return new Timestamp(BigInt(`0x${token.slice(2, 18)}`));
}

/** What tells a member that it is that late: its next oplog entry will be later. Without access control nobody checks the signature. */
export function gossipOf(clusterTime: Timestamp): Document {
  return { clusterTime, signature: { hash: new Binary(Buffer.alloc(20)), keyId: Long.ZERO } };
}

export class MergedChangeStream {
  readonly streams: readonly ShardStream[];
  readonly namespace: string;
  readonly #actions: StreamActions;
  /** Events up to this one were seen before a resume. */
  readonly #after: string;
  /** The last event that was handed out. */
  #last: string;
  #failure: unknown;

  constructor(streams: readonly ShardStream[], options: { namespace: string; after: string; actions: StreamActions }) {
    this.streams = streams;
    this.namespace = options.namespace;
    this.#after = options.after;
    this.#last = options.after;
    this.#actions = options.actions;
  }

  /** True when a shard has closed its stream (the collection was dropped) and all events before that are handed out. */
  get isDone(): boolean {
    return this.streams.some(({ id, events }) => id === 0n && events.length === 0);
  }

  /** Where a client goes on that has seen everything handed out so far. */
  get token(): string {
    const [read = ''] = this.streams.map(({ token }) => token).sort();
    const isHolding = this.streams.some(({ events }) => events.length > 0);
    return isHolding || read < this.#last ? this.#last : read;
  }

  /**
   * The next events, at most `count`; waits up to `waitMs` for the first.
   * @throws what a shard's stream failed with: the client opens the stream again where it was
   */
  async next(count: number, waitMs: number): Promise<Buffer[]> {
    const giveUpAt = performance.now() + waitMs;
    for (;;) {
      const batch = this.#release(count);
      if (this.#failure) throw this.#failure;
      const leftMs = giveUpAt - performance.now();
      if (batch.length > 0 || count === 0 || this.isDone || leftMs <= 0) return batch;
      const timer = new AbortController();
      const timeout = sleep(leftMs, undefined, { signal: timer.signal }).catch(() => undefined);
      await Promise.race([...this.#startFetches(), timeout]);
      timer.abort();
    }
  }

  #release(count: number): Buffer[] {
    const batch: Buffer[] = [];
    while (batch.length < count) {
      const earliest = this.#earliest();
      const [event] = earliest?.events ?? [];
      if (!earliest || !event) break;
      const token = tokenOf(event);
      const isSafe = this.streams.every((stream) => stream.events.length > 0 || stream.token >= token || stream.id === 0n);
      if (!isSafe) break;
      earliest.events.shift();
      if (token <= this.#after) continue;
      this.#last = token;
      batch.push(event);
    }
    return batch;
  }

  #earliest(): ShardStream | undefined {
    let best: ShardStream | undefined;
    let bestToken = '';
    for (const stream of this.streams) {
      const [event] = stream.events;
      if (!event) continue;
      const token = tokenOf(event);
      if (best && token >= bestToken) continue;
      best = stream;
      bestToken = token;
    }
    return best;
  }

  /** Asks every shard that has nothing waiting here; wakes those that hold an event back by having nothing to tell. */
  #startFetches(): Promise<void>[] {
    const earliest = this.#earliest()?.events[0];
    const held = earliest && tokenOf(earliest);
    return this.streams
      .filter(({ id, events }) => id !== 0n && events.length === 0)
      .map((stream) => {
        if (held && stream.token < held) this.#nudge(stream, held);
        stream.fetching ??= this.#actions
          .fetch(stream, held ? HELD_WAIT_MS : IDLE_WAIT_MS)
          .catch((error) => {
            this.#failure = error;
          })
          .finally(() => {
            stream.fetching = undefined;
          });
        return stream.fetching;
      });
  }

  /** Once for an event, and again if that did not help. */
  #nudge(stream: ShardStream, token: string): void {
    const now = performance.now();
    if (stream.nudgedFor === token && now - stream.nudgedAt < NUDGE_AGAIN_MS) return;
    stream.nudgedFor = token;
    stream.nudgedAt = now;
    void this.#actions.nudge(stream, token).catch(() => undefined);
  }
}
