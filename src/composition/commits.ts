/** Commits over both stores. */
import { hostname } from 'node:os';
import type { Config } from '../config/options.ts';
import { startGatewayClock } from '../store/mongo/gateways/gateways.ts';
import { startRecovery } from '../store/placement/recovery.ts';
import { startSweeping } from '../store/placement/sweep.ts';
import type { TwoPhaseCommit } from '../store/placement/two-phase.ts';
import { type CommitStep, createTwoPhaseCommit } from '../store/placement/two-phase.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Stores } from './stores.ts';

/** What makes commits whole and dated: this gateway's clock, two-phase commits, and what finishes those that a crash left. */
export interface Commits {
  /** Names this gateway's place: two never run at one. */
  readonly place: string;
  readonly clock: Awaited<ReturnType<typeof startGatewayClock>>;
  readonly twoPhase: TwoPhaseCommit;
  /** Ends recovery and sweeping; the clock goes on until `clock.close`. */
  stopRecovery(): Promise<void>;
}

/** Takes this gateway's place, finishes what a crash left prepared there, and goes on watching. `beside` is called with each look. */
export async function startCommits(
  config: Config,
  { clinical, administrative }: Stores,
  newUlid: () => string,
  log: Logger,
  onStep: ((step: CommitStep) => void) | undefined,
  beside?: () => Promise<void>,
): Promise<Commits> {
  const place = config.connect ? `${hostname()}-${config.port}`.replaceAll(/[^\w-]/g, '-') : 'embedded';
  const clock = await startGatewayClock(clinical.collections, {
    place,
    newUlid,
    now: Date.now,
    shards: clinical.shards,
    log: (message, error) => log.warn(message, { error }),
  });
  clinical.holdLocksAs(clock);
  const twoPhase = createTwoPhaseCommit({ clinical, administrative, gatewayId: clock.gatewayId, newUlid, onStep });
  const recovery = await startRecovery({
    clinical,
    administrative,
    gatewayId: clock.gatewayId,
    underWay: twoPhase.underWay,
    goneAmong: clock.goneAmong,
    ...(beside && { beside }),
    log: (message, detail) => log.warn(message, detail),
  });
  const sweeping = startSweeping({ clinical, administrative, now: Date.now, log: (message, error) => log.warn(message, { error }) });
  return {
    place,
    clock,
    twoPhase,
    async stopRecovery() {
      await Promise.all([recovery.stop(), sweeping.stop()]);
    },
  };
}
