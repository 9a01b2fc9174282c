/**
 * Notices that the primary is silent. One that is dead refuses connections and needs no watch; one that is stopped, or behind a
 * network that swallows packets, keeps its connections and never answers, and nothing on its side can end a statement.
 */
import pg from 'pg';
import { startRounds } from '../../../lifecycle/rounds.ts';

interface ServerWatch {
  /** True while it is taken for silent: nobody should wait for a connection. */
  isSilent(): boolean;
  close(): Promise<void>;
}

interface ServerWatchOptions {
  readonly url: string;
  /** Called once when it has fallen silent. */
  readonly onSilent: () => void;
  readonly onAnswer: () => void;
  /** Between two questions; milliseconds. */
  readonly everyMs?: number;
  /** So long without an answer is silence. A busy machine may keep a server waiting for a second or two. */
  readonly silentAfterMs?: number;
}

/** Asks a small question now and then over a connection of its own. Does not keep the process alive. */
export function watchServer({ url, onSilent, onAnswer, everyMs = 1_000, silentAfterMs = 4_000 }: ServerWatchOptions): ServerWatch {
  let client: pg.Client | undefined;
  let isSilent = false;
  let isClosed = false;
  let giveUp: (reason: Error) => void = () => undefined;

  async function ask(): Promise<void> {
    if (!client) {
      client = new pg.Client({ connectionString: url, application_name: 'meridian-watch', connectionTimeoutMillis: silentAfterMs });
      client.on('error', () => undefined);
      await client.connect();
      (client as unknown as { unref(): void }).unref();
    }
    await client.query({ text: 'SELECT 1', query_timeout: silentAfterMs } as pg.QueryConfig);
  }

  /** True for an answer, false for silence; a refusal is an answer too. */
  async function isAnswering(): Promise<boolean> {
    try {
      await unlessClosed(ask());
      return true;
    } catch (error) {
      const broken = client;
      client = undefined;
      void broken?.end().catch(() => undefined);
      return !/timeout/i.test((error as Error).message);
    }
  }

  /** The driver never answers for a connection that is ended while it is being made. */
  const unlessClosed = (work: Promise<void>) =>
    new Promise<void>((resolve, reject) => {
      giveUp = reject;
      work.then(resolve, reject);
    });

  async function look(): Promise<void> {
    const isAnswered = await isAnswering();
    if (isClosed || isAnswered !== isSilent) return;
    isSilent = !isAnswered;
    if (isSilent) onSilent();
    else onAnswer();
  }

  const looks = startRounds(look, { everyMs, problem: () => undefined });
  return {
    isSilent: () => isSilent,
    async close() {
      isClosed = true;
      giveUp(new Error('the watch is closed'));
      void client?.end().catch(() => undefined);
      await looks.stop();
    },
  };
}
