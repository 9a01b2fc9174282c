/**
 * Notices of broken glass to whoever watches over it: posted to one address, from files that wait until they were taken. A
 * request never waits for them. They say that it happened and by which client; whose record and why is in the AuditEvent of
 * the same request.
 *
 * Signed as Standard Webhooks are: HMAC-SHA-256 of `<id>.<timestamp>.<body>`.
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
import { createHmac } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startRounds } from '../lifecycle/rounds.ts';

/** Of one answer to a request that asked to break the glass: all that leaves the gateway. */
export interface Notice {
  readonly requestId: string;
  readonly client: string;
  readonly method: string;
  readonly interaction: string;
  readonly resourceType: string;
  /** Of the answer: from 400 on nothing was shown. */
  readonly status: number;
}

interface NoticesOptions {
  /** Made if it is not there; nobody else may write to it. */
  readonly folder: string;
  readonly url: string;
  /** The receiver's copy tells our notices from others'. `whsec_` and base64, or any text. */
  readonly secret: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly newId: () => string;
  /** How often is looked for notices that wait; milliseconds, default 1,000. */
  readonly everyMs?: number;
  readonly log: Log;
}

interface Log {
  warn(message: string, fields: { readonly count: number; readonly status?: number; readonly error?: unknown }): void;
  error(message: string, fields: { readonly count: number; readonly error?: unknown }): void;
}

export interface Notices {
  /** Keeps a notice on disk. Never throws: what can't be kept is logged. */
  tell(notice: Notice): void;
  /** What was not taken waits for the next start. */
  stop(): Promise<void>;
}

const MOST_WAITING = 10_000;
const WITHIN_MS = 10_000;
const LONGEST_REST_MS = 300_000;
const NAME = /^\d{15}-[\w-]+\.json$/;

export function createNotices({ folder, url, secret, now, newId, everyMs = 1_000, log }: NoticesOptions): Notices {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const waiting = readdirSync(folder)
    .filter((name) => NAME.test(name))
    .sort();
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : Buffer.from(secret);
  const stopping = new AbortController();
  let restMs = everyMs;
  let restUntil = 0;

  function keep(notice: Notice): void {
    const [at, id] = [now(), newId()];
    const name = `${String(at).padStart(15, '0')}-${id}.json`;
    const outcome = notice.status < 400 ? 'done' : 'refused';
    const body = { type: 'break-glass', timestamp: new Date(at).toISOString(), data: { id, outcome, ...notice } };
    const partial = join(folder, `${name}.partial`);
    writeFileSync(partial, JSON.stringify(body), { mode: 0o600, flush: true });
    renameSync(partial, join(folder, name));
    waiting.push(name);
  }

  async function send(name: string): Promise<void> {
    const body = readFileSync(join(folder, name), 'utf8');
    const id = name.slice(16, -'.json'.length);
    const timestamp = String(Math.floor(now() / 1000));
    const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
    const answer = await fetch(url, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': timestamp,
        'webhook-signature': `v1,${signature}`,
      },
      body,
      redirect: 'error',
      signal: AbortSignal.any([AbortSignal.timeout(WITHIN_MS), stopping.signal]),
    });
    await answer.body?.cancel();
    if (!answer.ok) throw new Error(`answered ${answer.status}`);
  }

  /** In order; the first that is not taken makes the others wait, ever longer. */
  async function deliver(): Promise<void> {
    while (waiting.length > 0 && now() >= restUntil && !stopping.signal.aborted) {
      const name = waiting[0] as string;
      try {
        await send(name);
        rmSync(join(folder, name), { force: true });
        waiting.shift();
        restMs = everyMs;
      } catch (error) {
        if (stopping.signal.aborted) return;
        restUntil = now() + restMs;
        restMs = Math.min(restMs * 2, LONGEST_REST_MS);
        log.warn('a notice of broken glass was not taken: it is sent again', { count: waiting.length, error });
      }
    }
  }

  const rounds = startRounds(deliver, {
    everyMs,
    problem: (error) => log.error('notices can not be sent', { count: waiting.length, error }),
  });
  return {
    tell(notice) {
      try {
        if (waiting.length < MOST_WAITING) keep(notice);
        else log.error('a notice of broken glass was dropped: too many wait', { count: waiting.length });
      } catch (error) {
        log.error('a notice of broken glass could not be kept', { count: waiting.length, error });
      }
    },
    async stop() {
      stopping.abort();
      await rounds.stop();
    },
  };
}
