/** Reading from other members than primaries, and not before they have reached a state that the client has seen. */
import { orAfter } from '../../lifecycle/or-after.ts';
import type { ReadPreference, ReadTerms } from '../read-terms.ts';
import { type MongoCollections, readingAs } from './client.ts';
import { sessionAfter } from './cluster-time.ts';

/** How long a read waits for a member that is behind; milliseconds. Then the primary, which is behind nobody, is asked too. */
const LAG_PATIENCE_MS = 200;

/** Runs a read on these terms. */
type ReadOn<Reads> = <T>(terms: ReadTerms, read: (reads: Reads) => Promise<T>) => Promise<T>;

interface Waiting<Reads> {
  readonly near: Reads;
  /** Made when first needed. */
  readonly primary: () => Reads;
  isLate: boolean;
}

/** Readers by preference, made when first asked for; some of its own for a request that waits for a state. */
export function createReadsOn<Reads>(collections: MongoCollections, readsOf: (own: MongoCollections) => Reads): ReadOn<Reads> {
  const byPreference = new Map<ReadPreference, Reads>();
  const waiting = new WeakMap<ReadTerms, Waiting<Reads>>();

  function inSession(terms: ReadTerms, preference: ReadPreference, after: Uint8Array): Reads {
    const session = sessionAfter(collections.client, after);
    terms.onEnd(() => void session.endSession().catch(() => undefined));
    return readsOf(readingAs(collections, { preference, session }));
  }

  function waitingReads(terms: ReadTerms, after: Uint8Array): Waiting<Reads> {
    const known = waiting.get(terms);
    if (known) return known;
    const near = inSession(terms, terms.preference, after);
    let primary = terms.preference === 'primary' ? near : undefined;
    const made: Waiting<Reads> = {
      near,
      primary: () => {
        primary ??= inSession(terms, 'primary', after);
        return primary;
      },
      isLate: terms.preference === 'primary',
    };
    waiting.set(terms, made);
    return made;
  }

  return (terms, read) => {
    const { preference } = terms;
    const after = terms.after?.clinical;
    if (after) return firstOf(waitingReads(terms, after), read);
    const known = byPreference.get(preference);
    if (known) return read(known);
    const reads = readsOf(readingAs(collections, { preference }));
    byPreference.set(preference, reads);
    return read(reads);
  };
}

/** The answer of the member that was preferred, or that of the primary if that is late; the request then stays with the primary. */
async function firstOf<Reads, T>(waiting: Waiting<Reads>, read: (reads: Reads) => Promise<T>): Promise<T> {
  if (waiting.isLate) return read(waiting.primary());
  const near = read(waiting.near);
  const isLate = await orAfter(
    LAG_PATIENCE_MS,
    near.then(() => false),
    () => true,
  );
  if (!isLate) return near;
  waiting.isLate = true;
  return Promise.any([near, read(waiting.primary())]).catch((error: AggregateError) => Promise.reject(error.errors[1] as unknown));
}
