/** The HTTP client of the benchmark: keep-alive, one request at a time on each connection, little CPU of its own. */
import { Pool } from 'undici';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface Request {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** Below the service base: `/Observation/1`; empty for the base itself. */
  readonly path: string;
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Client {
  send(request: Request): Promise<Answer>;
  close(): Promise<void>;
}

export const bearer = (token: string): Readonly<Record<string, string>> => ({ authorization: `Bearer ${token}` });

/** `baseUrl` without a slash at its end; `always` are headers of every request; at most `connections` requests under way. */
export function createClient(baseUrl: string, always: Readonly<Record<string, string>>, connections: number): Client {
  const { origin, pathname } = new URL(baseUrl);
  const pool = new Pool(origin, { connections, pipelining: 1, bodyTimeout: 300_000, headersTimeout: 300_000 });
  const common = { accept: 'application/fhir+json', ...always };
  return {
    send: ({ method, path, body, headers }) =>
      new Promise((resolve, reject) => {
        const chunks: Buffer[] = [];
        let status = 0;
        let received: Answer['headers'] = {};
        const type = body === undefined ? undefined : { 'content-type': 'application/fhir+json' };
        pool.dispatch(
          { method, path: `${pathname}${path}`, headers: { ...common, ...type, ...headers }, ...(body !== undefined && { body }) },
          {
            onRequestStart() {},
            onResponseStart(_, statusCode, responseHeaders) {
              status = statusCode;
              received = responseHeaders;
            },
            onResponseData(_, chunk) {
              chunks.push(chunk);
            },
            onResponseEnd() {
              const [only] = chunks;
              resolve({ status, headers: received, text: (chunks.length === 1 && only ? only : Buffer.concat(chunks)).toString('utf8') });
            },
            onResponseError: (_, error) => reject(error),
          },
        );
      }),
    close: () => pool.close(),
  };
}
