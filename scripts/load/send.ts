/** Sends one Bundle until the server has taken or refused it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadItem } from './item.ts';

export interface Refusal {
  /** Of the Bundle, or of one entry of it. */
  readonly name: string;
  readonly status: number;
  readonly reason: string;
  readonly entries: number;
}

export interface Sent {
  readonly loaded: number;
  readonly refused: readonly Refusal[];
  /** Of the first resource that was loaded: `Patient/…/_history/1`. */
  readonly location?: string;
}

interface SenderOptions {
  /** The service base URL. */
  readonly url: string;
  readonly token: () => Promise<string>;
  /** Of one Bundle; 10 by default. */
  readonly maxAttempts?: number;
  readonly sleepMs?: (ms: number) => Promise<unknown>;
  /** Added to every Idempotency-Key, to load the same content once more. */
  readonly keySuffix?: string;
}

/** The server can't be reached, or doesn't let us in: no use in going on. */
export class LoadAborted extends Error {}

const TRANSIENT = new Set([429, 502, 503, 504]);
const MAX_WAIT_MS = 30_000;

interface EntryResponse {
  readonly response?: { readonly status?: string; readonly location?: string; readonly outcome?: unknown };
}

/**
 * A function that sends one item. Waits and tries again on 429 and 503 (as `Retry-After` says), on 409 (somebody was in the
 * way) and when the connection breaks: the Idempotency-Key keeps a Bundle from being loaded twice.
 * @throws LoadAborted on 401 and 403, and when the server is not there
 */
export function createSender(options: SenderOptions): (item: LoadItem) => Promise<Sent> {
  const wait = options.sleepMs ?? sleep;
  const maxAttempts = options.maxAttempts ?? 10;
  return async (item) => {
    for (let attempt = 1; ; attempt++) {
      const response = await post(options, item).catch((error: unknown) => error as Error);
      const last = attempt >= maxAttempts;
      if (response instanceof Error) {
        if (last) throw new LoadAborted(`${options.url} can't be reached: ${causeOf(response)}`);
        await wait(backoffMs(attempt));
        continue;
      }
      if (!last && (TRANSIENT.has(response.status) || (response.status === 409 && attempt < 4))) {
        await response.body?.cancel();
        await wait(retryAfterMs(response) ?? backoffMs(attempt));
        continue;
      }
      return readAnswer(item, response);
    }
  };
}

async function post({ url, token, keySuffix = '' }: SenderOptions, item: LoadItem): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/fhir+json',
      Accept: 'application/fhir+json',
      Authorization: `Bearer ${await token()}`,
      'Idempotency-Key': `load-${item.hash}${keySuffix}`,
      Prefer: 'return=minimal',
    },
    body: new Uint8Array(item.body),
  });
}

const backoffMs = (attempt: number) => Math.min(MAX_WAIT_MS, 250 * 2 ** (attempt - 1));

function retryAfterMs(response: Response): number | undefined {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(MAX_WAIT_MS, seconds * 1000) : undefined;
}

async function readAnswer(item: LoadItem, response: Response): Promise<Sent> {
  const text = await response.text();
  const body = tryParse(text);
  if (response.status === 401 || response.status === 403) {
    throw new LoadAborted(`the server does not let us load (${response.status}): ${outcomeText(body, text)}`);
  }
  if (!response.ok) {
    return { loaded: 0, refused: [{ name: item.name, status: response.status, reason: outcomeText(body, text), entries: item.entries }] };
  }
  return sumEntries(item, (body as { entry?: EntryResponse[] } | undefined)?.entry ?? []);
}

function sumEntries(item: LoadItem, entries: readonly EntryResponse[]): Sent {
  const refused: Refusal[] = [];
  let loaded = 0;
  let location: string | undefined;
  entries.forEach(({ response }, n) => {
    const status = Number.parseInt(response?.status ?? '0', 10);
    if (status >= 200 && status < 300) {
      loaded++;
      location ??= response?.location;
    } else refused.push({ name: `${item.name} entry[${n}]`, status, reason: outcomeText(response?.outcome, ''), entries: 1 });
  });
  const missing = item.entries - entries.length;
  if (missing !== 0) refused.push({ name: item.name, status: 200, reason: 'the answer lacks entries', entries: missing });
  return { loaded, refused, ...(location && { location }) };
}

/** The diagnostics of an OperationOutcome, each with its place. */
export function outcomeText(outcome: unknown, fallback: string): string {
  const issues = (outcome as { issue?: { diagnostics?: string; code?: string; expression?: string[] }[] } | undefined)?.issue;
  if (!Array.isArray(issues)) return fallback.slice(0, 300) || 'no reason given';
  return issues
    .map((issue) => `${issue.diagnostics ?? issue.code ?? ''}${issue.expression ? ` (${issue.expression.join(', ')})` : ''}`)
    .join('; ');
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const causeOf = (error: Error) => (error.cause instanceof Error ? error.cause.message || error.cause.name : error.message);
