/** Sends the request of a step over HTTP. */
import type { CaseRequest } from './case.ts';

/** A server under test. */
export interface Target {
  /** No slash at the end. */
  readonly baseUrl: string;
  /** A token with these SMART scopes for that client. */
  token(scope: string, client: string): Promise<string>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; undefined if it is none. */
  readonly body: unknown;
}

const ALL = 'system/*.cruds';

export async function send(request: CaseRequest, target: Target): Promise<Answer> {
  const { method, path, scope = ALL, client = 'conformance' } = request;
  const url = /^https?:/.test(path)
    ? path
    : path.startsWith('/')
      ? new URL(path, target.baseUrl).href
      : [target.baseUrl, path].filter((part) => part !== '').join('/');
  const body = bodyOf(request);
  const headers: Record<string, string> = {
    ...(scope !== null && { Authorization: `Bearer ${await target.token(scope, client)}` }),
    ...(body !== undefined && { 'Content-Type': 'application/fhir+json' }),
    ...request.headers,
  };
  const response = await fetch(url, { method, headers, body, redirect: 'manual' });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: parsed(text) };
}

function bodyOf({ body, text, built }: CaseRequest): string | undefined {
  if (text !== undefined) return text;
  if (built) return built.start + built.repeat.repeat(built.times) + built.end;
  return body === undefined ? undefined : JSON.stringify(body);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
