/**
 * Opaque tokens: what their issuer says of them.
 * @see https://www.rfc-editor.org/rfc/rfc7662
 */
import { unauthenticated, unavailable } from '../model/error.ts';

interface IntrospectionOptions {
  readonly url: string;
  /** How the gateway makes itself known to the issuer: HTTP Basic, as RFC 6749 section 2.3.1 has it. */
  readonly clientId: string;
  readonly clientSecret: string;
  readonly timeoutMs?: number;
  /** For tests. */
  readonly fetch?: typeof fetch;
}

/** The members of an active token. @throws FhirError 401 for one that is not active, 503 if the issuer gives no answer */
export type Introspect = (token: string) => Promise<Readonly<Record<string, unknown>>>;

const MOST_ANSWER_BYTES = 65_536;

/** Asks once for a token however many requests wait for the answer. */
export function createIntrospection(options: IntrospectionOptions): Introspect {
  const asked = new Map<string, ReturnType<Introspect>>();
  return (token) => {
    const known = asked.get(token);
    if (known) return known;
    const answer = ask(token, options).finally(() => asked.delete(token));
    asked.set(token, answer);
    return answer;
  };
}

async function ask(token: string, { url, clientId, clientSecret, timeoutMs = 5_000, fetch: send = fetch }: IntrospectionOptions) {
  const credentials = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`).toString('base64');
  const answer = await answerOf(() =>
    send(url, {
      method: 'POST',
      headers: { Authorization: `Basic ${credentials}`, Accept: 'application/json' },
      body: new URLSearchParams({ token, token_type_hint: 'access_token' }),
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    }),
  );
  if (answer.active === true) return answer;
  throw unauthenticated('The token is not active', 'Bearer error="invalid_token", error_description="The token is not active"');
}

async function answerOf(send: () => Promise<Response>): Promise<Record<string, unknown>> {
  try {
    const response = await send();
    if (!response.ok) throw new Error(`status ${response.status}`);
    const text = await response.text();
    if (text.length > MOST_ANSWER_BYTES) throw new Error('the answer is too long');
    const answer: unknown = JSON.parse(text);
    if (typeof answer === 'object' && answer !== null && !Array.isArray(answer)) return answer as Record<string, unknown>;
    throw new Error('the answer is no object');
  } catch (error) {
    throw unavailable('The issuer of the token can not be asked about it now', 5, error);
  }
}
