/**
 * Finishes two-phase commits that a crash left prepared: by their marker, or by fencing them.
 *
 * Every gateway looks once a second. Its own commits it leaves alone while it works on them; another gateway's it touches
 * only when that one is gone.
 */
import { type Rounds, startRounds } from '../../lifecycle/rounds.ts';
import { NAME_PREFIX, type ParsedName, parseCommitName } from './commit-name.ts';
import type { DecidingStore, PreparingStore } from './participants.ts';

interface RecoveryOptions {
  readonly clinical: Pick<DecidingStore, 'decide'>;
  readonly administrative: Pick<PreparingStore, 'listPrepared' | 'commitPrepared' | 'rollbackPrepared'>;
  readonly gatewayId: string;
  /** Commits that this process is working on. */
  readonly underWay: ReadonlySet<string>;
  /** Those of the gateways that will never write again. */
  readonly goneAmong: (gatewayIds: readonly string[]) => Promise<readonly string[]>;
  /** Asked with each look: what else every gateway has to hear of within a second. */
  readonly beside?: () => Promise<void>;
  readonly log: (message: string, detail: Readonly<Record<string, unknown>>) => void;
}

const LOOK_EVERY_MS = 1000;

/** One look: finishes what may be finished. Gives how many commits were finished. */
export async function recoverOnce(options: RecoveryOptions): Promise<number> {
  const { administrative, gatewayId, underWay, goneAmong } = options;
  // Taken before the list: a commit that starts after it is not in the list, one that ended after it does no harm.
  const busy = new Set(underWay);
  const gids = await administrative.listPrepared(NAME_PREFIX);
  const names = gids.map(parseCommitName).filter((name) => name !== undefined);
  const others = [...new Set(names.map((name) => name.gatewayId).filter((id) => id !== gatewayId))];
  const gone = new Set(others.length > 0 ? await goneAmong(others) : []);
  const orphans = names.filter((name) =>
    name.gatewayId === gatewayId ? !busy.has(name.gid) && !underWay.has(name.gid) : gone.has(name.gatewayId),
  );
  for (const orphan of orphans) await finishOrphan(orphan, options);
  return orphans.length;
}

async function finishOrphan(name: ParsedName, { clinical, administrative, log }: RecoveryOptions): Promise<void> {
  const outcome = await clinical.decide(name, name.sessionId || undefined);
  if (outcome === 'committed') await administrative.commitPrepared(name.gid);
  else await administrative.rollbackPrepared(name.gid);
  log('finished a transaction that was left prepared', { gid: name.gid, outcome });
}

/** Looks now and then once a second until stopped. The first look is awaited; failures are logged and tried again. */
export async function startRecovery(options: RecoveryOptions): Promise<Rounds> {
  const problem = (error: unknown) => options.log('recovery of prepared transactions failed; it will be tried again', { error });
  const look = async () => {
    await recoverOnce(options).catch(problem);
    await options.beside?.();
  };
  await look().catch(problem);
  return startRounds(look, { everyMs: LOOK_EVERY_MS, firstAfterMs: LOOK_EVERY_MS, problem });
}
