/**
 * Under which record key a patient's record lies: the one that the id tells, or the one that a move has brought it to.
 *
 * A move is known by a hash of the patient's id, so that it tells nothing of a patient who has been erased.
 */
import { hash } from 'node:crypto';
import { recordKeyOf } from '../model/record-key.ts';
import type { MoveJob } from './record-moves.ts';

export interface RecordKeys {
  /** The record key of the record of the patient with this logical id. */
  of(patientId: string): string;
  /** Every record key under which a part of it may lie just now: one, or two while it is moved. */
  all(patientId: string): readonly string[];
}

export interface RecordDirectory extends RecordKeys {
  /** The move of that patient's record that is not complete. */
  moveOf(patientId: string): MoveJob | undefined;
  /** Takes over what is known of moves; of a patient's several the later ones hold. */
  set(jobs: readonly MoveJob[]): void;
}

/** How a move names its patient: 64 hex digits. */
export const subjectOf = (patientId: string): string => hash('sha256', `Patient/${patientId}`, 'hex');

/** A directory that knows of no move. */
export function createRecordDirectory(): RecordDirectory {
  let moves: ReadonlyMap<string, MoveJob> = new Map();
  const moveOf = (patientId: string) => (moves.size === 0 ? undefined : moves.get(subjectOf(patientId)));
  return {
    of(patientId) {
      const move = moveOf(patientId);
      return (move && placeOf(move)) ?? recordKeyOf(patientId);
    },
    all(patientId) {
      const move = moveOf(patientId);
      if (!move?.from || !move.to) return [(move && placeOf(move)) ?? recordKeyOf(patientId)];
      return move.completedAt === undefined ? [move.from, move.to] : [move.to];
    },
    moveOf(patientId) {
      const move = moveOf(patientId);
      return move?.completedAt === undefined ? move : undefined;
    },
    set(jobs) {
      const next = new Map<string, MoveJob>();
      // One that is only wanted tells no place yet.
      for (const job of jobs) if (job.phase !== 'wanted' || !next.has(job.subject)) next.set(job.subject, job);
      moves = next;
    },
  };
}

function placeOf({ phase, from, to }: MoveJob): string | undefined {
  return phase === 'moved' || phase === 'tidying' ? to : from;
}
