import { orAfter } from '../../../lifecycle/or-after.ts';
import { BEAT_WITHIN_MS } from './times.ts';

/** @throws Error when the answer takes longer than a heartbeat may */
export const answered = <Result>(work: Promise<Result>): Promise<Result> =>
  orAfter(BEAT_WITHIN_MS, work, () => {
    throw new Error(`no answer within ${BEAT_WITHIN_MS} ms`);
  });
