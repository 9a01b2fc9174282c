/** Looks for writes without an event: this gateway's own of before its start, then those of gateways that are gone. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type MissingWritesOptions, recordMissingWrites, type WritesSink } from './missing-writes.ts';
import type { AuditRelay, AuditSink } from './relay.ts';

interface WatchOptions extends MissingWritesOptions {
  readonly sink: WritesSink & Pick<AuditSink, 'beat'>;
  readonly relay: Pick<AuditRelay, 'chain' | 'coveredAt' | 'settle' | 'flush'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: (message: string, detail: Readonly<Record<string, unknown>>) => void;
}

/** Other gateways' events of what they have just answered arrive in this time. */
const ARRIVAL_MS = 5_000;
const LOOK_EVERY_MS = 30_000;
/** Six heartbeats of a chain. */
const GONE_AFTER_MS = 60_000;
const FLUSH_MS = 10_000;

export function startWatchingWrites(options: WatchOptions): { stop(): Promise<void> } {
  const { sink, relay, now, log } = options;
  const stopping = new AbortController();
  const startedAt = now();

  async function lookAt(coveredAt: number, until: number): Promise<void> {
    // What waits on disk is an event too.
    await relay.flush(FLUSH_MS);
    const found = await recordMissingWrites(options, coveredAt, until);
    if (found > 0) log('writes without an audit event were found, and have one now', { requests: found });
  }

  async function lookAtOthers(): Promise<void> {
    for (const { chain, coveredAt } of await sink.abandoned(relay.chain(), GONE_AFTER_MS)) {
      const until = now();
      await lookAt(coveredAt, until);
      await sink.beat(chain, until, true);
    }
  }

  async function run(): Promise<void> {
    let isSettled = false;
    for (let pauseMs = ARRIVAL_MS; ; pauseMs = LOOK_EVERY_MS) {
      await sleep(pauseMs, undefined, { ref: false, signal: stopping.signal });
      try {
        if (!isSettled) await lookAt(relay.coveredAt, startedAt);
        isSettled = true;
        relay.settle();
        await lookAtOthers();
      } catch (error) {
        log('writes without an audit event could not be looked for; it will be tried again', { error });
      }
    }
  }

  const running = run().catch(() => undefined);
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
