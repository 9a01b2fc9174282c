/** A client that keeps a copy: asks for the history since what it saw last, over and over. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, GatewayProcess } from '../support/gateway-process.ts';

type Ask = (...request: Parameters<GatewayProcess['ask']>) => Promise<Answer | undefined>;

interface Entry {
  readonly fullUrl: string;
  readonly response: { readonly etag: string; readonly lastModified: string };
}

interface Follower {
  /** Every version that it was ever told of: "Patient/1 3". */
  readonly told: ReadonlySet<string>;
  stop(): Promise<void>;
}

const PAUSE_MS = 50;

/** Follows the history of the whole server from now on. */
export function follow(ask: Ask): Follower {
  const told = new Set<string>();
  let since = new Date().toISOString();
  let isOver = false;

  async function lookOnce(): Promise<void> {
    let [path, newest]: [string | undefined, string] = [`_history?_count=100&_since=${encodeURIComponent(since)}`, since];
    while (path !== undefined) {
      const answer = await ask('GET', path);
      // A page that did not come: from the same instant again.
      if (answer?.status !== 200) return;
      for (const { fullUrl, response } of (answer.json.entry ?? []) as readonly Entry[]) {
        told.add(`${fullUrl.split('/').slice(-2).join('/')} ${response.etag.replace(/\D/g, '')}`);
        if (response.lastModified > newest) newest = response.lastModified;
      }
      const next = (answer.json.link as readonly { relation: string; url: string }[]).find(({ relation }) => relation === 'next');
      path = next?.url.slice(next.url.lastIndexOf('/') + 1);
    }
    since = newest;
  }

  async function run(): Promise<void> {
    while (!isOver) {
      await lookOnce();
      await sleep(PAUSE_MS);
    }
  }

  const running = run();
  return {
    told,
    async stop() {
      isOver = true;
      await running;
    },
  };
}
