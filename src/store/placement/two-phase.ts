/**
 * One unit of work over both stores: all of it or nothing.
 *
 * PostgreSQL prepares its half, MongoDB commits its own together with a marker, PostgreSQL commits. The marker is the only
 * commit point: `recovery.ts` finishes what a crash leaves prepared by asking for it.
 * @see https://www.postgresql.org/docs/current/sql-prepare-transaction.html
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { unavailable } from '../../model/error.ts';
import { identityOf, type ResourceVersion } from '../../model/resource.ts';
import { CommitRefused, type UnitOfWork } from '../store.ts';
import { nameCommit } from './commit-name.ts';
import type { DecidingStore, PreparingStore } from './participants.ts';

/** The steps at which a fault test may stop the process. */
export type CommitStep = 'before-prepare' | 'prepared' | 'decided' | 'finished';

interface TwoPhaseOptions {
  readonly clinical: DecidingStore;
  readonly administrative: PreparingStore;
  readonly gatewayId: string;
  readonly newUlid: () => string;
  /** Called at each step; tests kill the process there. */
  readonly onStep?: (step: CommitStep) => void | Promise<void>;
}

export interface TwoPhaseCommit {
  /** @throws CommitRefused, or FhirError 503 when the outcome must be asked for by sending the request again */
  commit(clinicalUnit: UnitOfWork, administrativeUnit: UnitOfWork): Promise<void>;
  /** Names of commits that this process is working on: recovery leaves them alone. */
  readonly underWay: ReadonlySet<string>;
  /** How they ended so far. `undecided`: the caller was told to ask again. */
  readonly counts: { committed: number; undone: number; undecided: number };
}

/** How long a decided commit waits for PostgreSQL to make it visible before recovery takes over; milliseconds. */
const FINISH_PATIENCE_MS = 10_000;

export function createTwoPhaseCommit(options: TwoPhaseOptions): TwoPhaseCommit {
  const { clinical, administrative, gatewayId, newUlid, onStep = () => undefined } = options;
  const underWay = new Set<string>();
  const counts = { committed: 0, undone: 0, undecided: 0 };

  async function finish(gid: string): Promise<void> {
    const giveUpAt = performance.now() + FINISH_PATIENCE_MS;
    for (;;) {
      try {
        await administrative.commitPrepared(gid);
        return;
      } catch (error) {
        if (performance.now() > giveUpAt) {
          throw unavailable('The transaction is decided and will become visible when the administrative store answers again.', 5, error);
        }
        await sleep(100);
      }
    }
  }

  async function commit(clinicalUnit: UnitOfWork, administrativeUnit: UnitOfWork): Promise<void> {
    const marked = clinical.openMarkedCommit();
    const writes = [...clinicalUnit.writes, ...administrativeUnit.writes].map(({ draft }) => versionName(draft));
    const name = nameCommit({ gatewayId, ulid: newUlid(), rk: recordOf(clinicalUnit), sessionId: marked.sessionId });
    let isUndone = false;
    underWay.add(name.gid);
    try {
      await onStep('before-prepare');
      await administrative.prepare(name.gid, administrativeUnit);
      await onStep('prepared');
      await decide();
      await onStep('decided');
      await finish(name.gid);
      await onStep('finished');
      counts.committed++;
    } catch (error) {
      if (error instanceof CommitRefused || isUndone) counts.undone++;
      else counts.undecided++;
      throw error;
    } finally {
      underWay.delete(name.gid);
      await marked.end();
    }

    /** Passes the commit point, or undoes the prepared half and throws. */
    async function decide(): Promise<void> {
      try {
        await marked.commit(clinicalUnit, { ...name, answer: clinicalUnit.idempotency?.answer ?? '', writes });
      } catch (error) {
        const outcome = error instanceof CommitRefused ? 'aborted' : await clinical.decide(name, marked.sessionId);
        if (outcome === 'committed') return;
        await administrative.rollbackPrepared(name.gid);
        isUndone = true;
        throw error;
      }
    }
  }

  return { commit, underWay, counts };
}

/** `<record key>/<Type>/<id>/<version>`. */
const versionName = (version: ResourceVersion) => `${identityOf(version)}/${version.version}`;

/** The marker lies with the patient that the unit is about, so that it adds no shard to the commit. */
function recordOf({ writes }: UnitOfWork): string {
  const patient = writes.find(({ draft }) => draft.type === 'Patient');
  return (patient ?? writes[0])?.draft.rk ?? '0000000000';
}
