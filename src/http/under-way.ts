/** Requests under way, and what they end with when they are stopped. */
import type { IncomingMessage } from 'node:http';
import { createWorkUnderWay, type WorkUnderWay } from '../lifecycle/work-under-way.ts';
import { timedOut, unavailable } from '../model/error.ts';

export const createRequestsUnderWay = (): WorkUnderWay =>
  createWorkUnderWay({
    tooLong: (ms) => timedOut(`the request took longer than the ${ms / 1000} s that the server gives one; ask for less at a time`),
    // Nobody reads it.
    abandoned: () => unavailable('the client has gone'),
  });

/** False once the client has closed its end: nobody reads the answer. */
export function isAnswerWanted({ socket }: IncomingMessage): boolean {
  return !socket.destroyed && !socket.writableEnded;
}
