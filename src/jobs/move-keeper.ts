/**
 * Carries out moves of records to other zones, one at a time over all gateways, and knows, here, where each record lies.
 *
 * Every gateway looks twice a second what is being moved, closes that record to writes, and tells the others by its heartbeat what it
 * has taken over: a move goes on when all have.
 */

import { type Rounds, startRounds } from '../lifecycle/rounds.ts';
import { createTurns } from '../lifecycle/turns.ts';
import type { Author } from '../model/resource.ts';
import { type RecordDirectory, subjectOf } from '../store/record-keys.ts';
import type { MoveJob } from '../store/record-moves.ts';
import type { Write } from '../store/store.ts';
import { createLeasedWork } from './leased-work.ts';
import { type MoveServices, runMove } from './run-move.ts';

interface MoveKeeperOptions extends Omit<MoveServices, 'isStopping' | 'refresh' | 'allKnow'> {
  readonly records: RecordDirectory;
  readonly newUlid: () => string;
  /** Announces a name to the other gateways. */
  readonly tell: (name: string) => void;
  readonly untell: (name: string) => void;
  /** True if every gateway announces the name. */
  readonly allKnow: (name: string) => Promise<boolean>;
  /** Forgets every version that this gateway remembers. */
  readonly forget: () => void;
  readonly log: (message: string, detail: object) => void;
}

export interface MoveKeeper {
  /** Takes over what the store says of moves. To be called before the first request. */
  refresh(): Promise<void>;
  /** The zone that is right for a patient; absent where no regions are configured. */
  readonly zoneOf?: (patient: object) => string | undefined;
  /** Keeps that the patient's record may have to be moved. */
  want(patientId: string, by: Author): Promise<void>;
  /** True for a write to a record that is being moved. */
  isClosed(write: Write): boolean;
  /** True while a gateway may be moving the record. Asks the store. */
  isBeingMoved(patientId: string): Promise<boolean>;
  start(): void;
  stop(): Promise<void>;
}

const LOOK_EVERY_MS = 500;
/** After this long without a look a whole move may have been missed. */
const MISSED_AFTER_MS = 5_000;

export function createMoveKeeper(options: MoveKeeperOptions): MoveKeeper {
  const { jobs, records, holder, now, tell, untell, forget, log } = options;
  const turns = createTurns();
  let looks: Rounds | undefined;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let all: readonly MoveJob[] = [];
  let told: readonly string[] = [];
  let patients: ReadonlySet<string> = new Set();
  let keys: ReadonlySet<string> = new Set();

  const refresh = () => turns.take(look);

  async function look(): Promise<readonly MoveJob[]> {
    const open = await jobs.listOpen();
    const isEnded = all.some(({ id, completedAt }) => completedAt === undefined && !open.some((job) => job.id === id));
    const isKnown = !isEnded && now() - lookedAt < MISSED_AFTER_MS;
    const complete = isKnown ? all : await jobs.list();
    takeOver([...complete.filter(({ completedAt }) => completedAt !== undefined), ...open]);
    lookedAt = now();
    return open;
  }

  function takeOver(next: readonly MoveJob[]): void {
    const names = next.filter(({ completedAt }) => completedAt === undefined).map(nameOf);
    const isSame = names.length === told.length && names.every((name) => told.includes(name)) && next.length === all.length;
    all = next;
    if (isSame) return;
    const closed = next.filter(({ phase, completedAt }) => completedAt === undefined && (phase === 'closed' || phase === 'moved'));
    // Closed first and opened last: nothing is built meanwhile on what was remembered.
    const [patientsThen, keysThen] = [
      closed.map(({ patient }) => `Patient/${patient}`),
      closed.flatMap(({ from = '', to = '' }) => [from, to]),
    ];
    patients = new Set([...patients, ...patientsThen]);
    keys = new Set([...keys, ...keysThen]);
    records.set([...next].sort((a, b) => (a.id < b.id ? -1 : 1)));
    forget();
    patients = new Set(patientsThen);
    keys = new Set(keysThen);
    for (const name of told) if (!names.includes(name)) untell(name);
    for (const name of names) tell(name);
    told = names;
  }

  const work = createLeasedWork<MoveJob>({
    jobs,
    holder,
    carryOn(job, isStopping) {
      const isKnown = ({ id, phase }: MoveJob) => options.allKnow(nameOf({ id, phase }));
      return runMove(job, { ...options, allKnow: isKnown, refresh: async () => void (await refresh()), isStopping });
    },
    onInterrupted: (job, error) => log('the move of a record was interrupted; it is tried again', { job: job.id, error }),
  });

  async function round(): Promise<void> {
    const open = await refresh();
    if (open.length > 0)
      work.begin(
        () => workOn(open),
        (error) => log('looking for records to move failed', { error }),
      );
  }

  /** What has begun goes first, so that there are never two at once. */
  async function workOn(open: readonly MoveJob[]): Promise<void> {
    const [begun] = open.filter(({ phase }) => phase !== 'wanted');
    const inOrder = begun ? [begun] : [...open].sort((a, b) => a.startedAt - b.startedAt);
    for (const { id } of inOrder) {
      if (work.isStopping() || !(await work.take(id))) return;
    }
  }

  return {
    refresh: async () => void (await refresh()),
    ...(options.zoneOf && { zoneOf: options.zoneOf }),
    async want(patientId, by) {
      const subject = subjectOf(patientId);
      await jobs.add({
        id: `${subject}-${options.newUlid()}`,
        subject,
        patient: patientId,
        phase: 'wanted',
        startedAt: now(),
        moved: 0,
        by,
      });
    },
    isClosed({ draft, ...write }) {
      if (keys.size === 0) return false;
      if (keys.has(draft.rk) || draft.index.patients.some((patient) => patients.has(patient))) return true;
      if (!('previous' in write)) return false;
      return keys.has(write.previous.rk) || (write.previous.trail?.pointers ?? []).some((rk) => keys.has(rk));
    },
    async isBeingMoved(patientId) {
      return (await jobs.listOpen()).some(({ patient, phase }) => patient === patientId && phase !== 'wanted');
    },
    start() {
      looks = startRounds(round, { everyMs: LOOK_EVERY_MS, problem: (error) => log('what is being moved could not be read', { error }) });
    },
    async stop() {
      const stopped = work.stop();
      await looks?.stop();
      await stopped;
    },
  };
}

const nameOf = ({ id, phase }: Pick<MoveJob, 'id' | 'phase'>) => `move ${id} ${phase}`;
