/** Removes once an hour what nobody needs any more: old markers and idempotency records, orphaned parts of large texts. */
import type { AuthorizationStore } from '../authorization.ts';
import { NAME_PREFIX, parseCommitName } from './commit-name.ts';
import type { DecidingStore, PreparingStore } from './participants.ts';

interface SweepOptions {
  readonly clinical: Pick<DecidingStore, 'sweepLedger' | 'sweepOrphans'>;
  readonly administrative: Pick<PreparingStore, 'listPrepared' | 'sweepIdempotency'> & {
    readonly authorization: Pick<AuthorizationStore, 'sweep'>;
  };
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: (message: string, error: unknown) => void;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** How long a repeated request is recognised, and how long a marker outlives its commit. */
const LEDGER_DAYS = 7;

/** One round. A marker stays while PostgreSQL holds its half prepared. */
async function sweepOnce({ clinical, administrative, now }: SweepOptions): Promise<void> {
  const prepared = (await administrative.listPrepared(NAME_PREFIX)).map(parseCommitName).filter((name) => name !== undefined);
  const before = new Date(now() - LEDGER_DAYS * DAY_MS);
  await clinical.sweepLedger(before, prepared);
  await administrative.sweepIdempotency(before);
  await administrative.authorization.sweep(new Date(now()));
  await clinical.sweepOrphans(new Date(now() - DAY_MS));
}

export function startSweeping(options: SweepOptions): { stop(): Promise<void> } {
  let sweeping: Promise<void> = Promise.resolve();
  const sweep = () => {
    sweeping = sweepOnce(options).catch((error: unknown) => options.log('sweeping failed; it will be tried again in an hour', error));
  };
  const timer = setInterval(sweep, HOUR_MS).unref();
  return {
    async stop() {
      clearInterval(timer);
      await sweeping;
    },
  };
}
