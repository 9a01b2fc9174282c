/**
 * How much may be under way at once. What does not fit is refused at once with 503 and `Retry-After`, before its body is read:
 * a server that takes on more than it can do serves nobody.
 *
 * Urgency decides who is refused first: searches, then writes, then reads; administration fits until the very end, so that
 * somebody can look at a server in trouble.
 */
import { unavailable } from '../../model/error.ts';

export type Urgency = 'administration' | 'read' | 'write' | 'search';

interface AdmissionOptions {
  /** Requests at once. */
  readonly maxRequests: number;
  /** Bytes of request bodies at once, decompressed. */
  readonly maxBytes: number;
}

/** A request's place; to be left when it is answered. */
export interface Place {
  /** Counts bytes of the body as they come. @throws FhirError 503 when memory for bodies is used up */
  take(bytes: number): void;
  leave(): void;
}

export interface Admission {
  /** @throws FhirError 503 when there is no room for a request of that urgency */
  enter(urgency: Urgency): Place;
  /** Requests and bytes under way, and how many were refused, by urgency and for bytes. */
  readonly counts: AdmissionCounts;
}

interface AdmissionCounts {
  requests: number;
  bytes: number;
  readonly refused: Record<Urgency | 'bytes', number>;
}

/** The part of all places that requests of an urgency may fill. */
const SHARES: Readonly<Record<Urgency, number>> = { administration: 1, read: 0.9, write: 0.75, search: 0.5 };
const COME_BACK_SECONDS = 1;

export function createAdmission({ maxRequests, maxBytes }: AdmissionOptions): Admission {
  const room = Object.fromEntries(
    Object.entries(SHARES).map(([urgency, share]) => [urgency, Math.max(1, Math.floor(maxRequests * share))]),
  ) as Record<Urgency, number>;
  const counts: AdmissionCounts = { requests: 0, bytes: 0, refused: { administration: 0, read: 0, write: 0, search: 0, bytes: 0 } };

  function enter(urgency: Urgency): Place {
    if (counts.requests >= room[urgency]) {
      counts.refused[urgency]++;
      throw unavailable('the server has as much to do as it can take; try again', COME_BACK_SECONDS);
    }
    counts.requests++;
    let taken = 0;
    let isHere = true;
    return {
      take: (bytes) => {
        if (counts.bytes + bytes > maxBytes) {
          counts.refused.bytes++;
          throw unavailable('the server has no memory left for this body just now; try again', COME_BACK_SECONDS);
        }
        taken += bytes;
        counts.bytes += bytes;
      },
      leave: () => {
        if (!isHere) return;
        isHere = false;
        counts.requests--;
        counts.bytes -= taken;
      },
    };
  }

  return { enter, counts };
}
