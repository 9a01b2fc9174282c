/** What requests and logins are told to: keeps one record of each, or says that it can't. */
import { unavailable } from '../model/error.ts';
import { type AuditQueue, QueueRefused } from './queue.ts';
import { type AuditRecord, recordText, type SealQuery } from './record.ts';

export interface Audit {
  /**
   * Keeps the record: when this returns, a crash of this process does not lose it.
   * @throws FhirError 503 when it can't be kept; then nothing that the record is about may leave
   */
  keep(record: Omit<AuditRecord, 'recorded'>): void;
  /** As `keep`, when it resolves: with the records of all requests that end at this moment, by one write. @throws as `keep` */
  keepTogether(record: Omit<AuditRecord, 'recorded'>): Promise<void>;
  /** To be asked before work is begun. @throws FhirError 503 when a record could not be kept now */
  check(): void;
}

interface AuditOptions {
  readonly queue: Pick<AuditQueue, 'append' | 'waiting'>;
  /** As the queue's. */
  readonly maxBytes: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: (message: string, detail: Readonly<Record<string, unknown>>) => void;
  /** Where queries are encrypted. */
  readonly sealQuery?: SealQuery | undefined;
}

const RETRY_AFTER_SECONDS = 5;
/** After the disk refused a line, work is refused for this long before it is tried again. */
const REST_MS = 1_000;

/** Records on their way to the queue, and who waits for them. */
interface Together extends PromiseWithResolvers<void> {
  readonly texts: string[];
}

export function createAudit({ queue, maxBytes, now, log, sealQuery }: AuditOptions): Audit {
  let last = 0;
  let notBefore = 0;
  let together: Together | undefined;

  function textOf(record: Omit<AuditRecord, 'recorded'>): string {
    // A clock that is set back must not put an event before the one that the chain has before it.
    last = Math.max(now(), last);
    return recordText({ ...record, recorded: last }, sealQuery);
  }

  function append(texts: readonly string[]): void {
    try {
      queue.append(...texts);
    } catch (error) {
      if (!(error instanceof QueueRefused)) throw error;
      notBefore = performance.now() + REST_MS;
      log('an audit record could not be kept; nothing is answered', { error });
      throw refusal(error);
    }
  }

  function keepThose(): void {
    const those = together;
    if (!those) return;
    together = undefined;
    try {
      append(those.texts);
      those.resolve();
    } catch (error) {
      those.reject(error);
    }
  }

  return {
    keep(record) {
      const text = textOf(record);
      keepThose();
      append([text]);
    },
    keepTogether(record) {
      const text = textOf(record);
      if (!together) {
        together = { texts: [], ...Promise.withResolvers<void>() };
        // After everybody whose answer came in the same message has come this far.
        process.nextTick(keepThose);
      }
      together.texts.push(text);
      return together.promise;
    },
    check() {
      if (queue.waiting >= maxBytes || performance.now() < notBefore) throw refusal();
    },
  };
}

const refusal = (cause?: unknown) =>
  unavailable('What is asked and answered can not be recorded just now, so nothing is answered.', RETRY_AFTER_SECONDS, cause);
