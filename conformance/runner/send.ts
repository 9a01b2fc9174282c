/** Sends the request of a step over HTTP. */
import type { CaseRequest } from './case.ts';
import type { Forge } from './forge.ts';

/** A server under test. */
export interface Target {
  /** No slash at the end. */
  readonly baseUrl: string;
  /** A token with these SMART scopes for that client. */
  token(scope: string, client: string, context?: TokenContext): Promise<string>;
  /** Where the target's key is at hand. */
  readonly forge?: Forge;
  /** What is wrong with a resource that was answered, whatever the case expects; without it nobody looks. */
  readonly faultsOf?: (resource: unknown) => readonly string[];
}

/** SMART's launch context in a token. */
export type TokenContext = Pick<CaseRequest, 'patient' | 'fhirUser' | 'purpose'>;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; undefined if it is none. */
  readonly body: unknown;
}

const ALL = 'system/*.cruds';

export async function send(request: CaseRequest, target: Target): Promise<Answer> {
  const { method, path, scope = ALL } = request;
  const url = /^https?:/.test(path)
    ? path
    : path.startsWith('/')
      ? new URL(path, target.baseUrl).href
      : [target.baseUrl, path].filter((part) => part !== '').join('/');
  const body = bodyOf(request);
  const headers: Record<string, string> = {
    ...(scope !== null && { Authorization: `Bearer ${await tokenFor(request, scope, target)}` }),
    ...(body !== undefined && { 'Content-Type': 'application/fhir+json' }),
    ...request.headers,
  };
  const response = await fetch(url, { method, headers, body, redirect: 'manual' });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: parsed(text) };
}

function tokenFor(
  { client = 'conformance', patient, fhirUser, purpose, forged }: CaseRequest,
  scope: string,
  target: Target,
): Promise<string> {
  if (!forged)
    return target.token(scope, client, { ...(patient && { patient }), ...(fhirUser && { fhirUser }), ...(purpose && { purpose }) });
  if (!target.forge) throw new Error('this target has no key to forge tokens with');
  return target.forge(forged);
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
