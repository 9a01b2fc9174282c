/** An authorization server on the memory store over real HTTP, and a browser without a screen: cookies, forms, redirects. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLocalIssuer } from '../../src/access/local-key.ts';
import { addAccount, type NewAccount } from '../../src/authorization/accounts/accounts.ts';
import { createPasswords } from '../../src/authorization/accounts/passwords.ts';
import { type ClientRequest, registerClient } from '../../src/authorization/client-registration.ts';
import { type AuthorizationServer, openAuthorizationServer } from '../../src/authorization/open.ts';
import { createRevocations, type Revocations } from '../../src/authorization/revocations.ts';
import type { AuthorizationEvent, AuthorizationOptions } from '../../src/authorization/settings.ts';
import { loadDefinitions } from '../../src/definitions/load.ts';
import type { AuthorizationStore } from '../../src/store/authorization.ts';

export const PASSWORD = 'correct horse battery';

export interface ServedAuthorization {
  readonly origin: string;
  readonly fhirBaseUrl: string;
  readonly server: AuthorizationServer;
  readonly store: AuthorizationStore;
  readonly revocations: Revocations;
  readonly events: readonly AuthorizationEvent[];
  addUser(user: Partial<NewAccount> & Pick<NewAccount, 'login' | 'role'>): Promise<{ totpUri?: string }>;
  addClient(client: Partial<ClientRequest> & Pick<ClientRequest, 'id' | 'kind' | 'scope'>): Promise<string | undefined>;
  token(form: Readonly<Record<string, string>>, headers?: Readonly<Record<string, string>>): Promise<TokenAnswer>;
  close(): Promise<void>;
}

interface TokenAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

export const PATIENTS = [
  { id: 'p1', name: 'Ada Adams', birthDate: '1990-01-01' },
  { id: 'p2', name: 'Ben Brown' },
];

export async function serveAuthorization(
  store: AuthorizationStore,
  now: () => number = Date.now,
  changes: Partial<Pick<AuthorizationOptions, 'chargeClient' | 'report'>> = {},
): Promise<ServedAuthorization> {
  const dataDir = await mkdtemp(join(tmpdir(), 'meridian-authorization-'));
  const { isResourceType } = loadDefinitions();
  const events: AuthorizationEvent[] = [];
  const revocations = createRevocations(store, now);
  let handler: AuthorizationServer | undefined;
  const http = createServer((incoming, outgoing) => void handler?.handle(incoming, outgoing));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const fhirBaseUrl = `${origin}/fhir/R4`;
  const server = openAuthorizationServer({
    store,
    issuer: await openLocalIssuer(dataDir),
    issuerUrl: origin,
    revocations,
    fhirBaseUrl,
    isResourceType,
    operations: () => ['shard', 'launch'],
    findPatients: async (text) => ({
      patients: PATIENTS.filter(({ name }) => name.toLowerCase().includes(text.toLowerCase())),
      hasMore: false,
    }),
    readPatient: async (id) => PATIENTS.find((patient) => patient.id === id),
    privateKeyOrigins: [],
    allowDemo: false,
    beforeFirstUse: async () => undefined,
    now,
    ...changes,
    report: (event) => {
      changes.report?.(event);
      events.push(event);
    },
  });
  handler = server;
  await server.warmUp();
  const passwords = createPasswords();
  return {
    origin,
    fhirBaseUrl,
    server,
    store,
    revocations,
    events,
    addUser: (user) => addAccount(store, passwords, { displayName: user.login, password: PASSWORD, hasTotp: false, ...user }),
    async addClient(wanted) {
      const isService = wanted.kind === 'service';
      const { client, secret } = registerClient({ name: `App ${wanted.id}`, redirectUris: isService ? [] : [REDIRECT], ...wanted });
      await store.addClient(client);
      return secret;
    },
    async token(form, headers = {}) {
      const response = await fetch(server.endpoints.token, { method: 'POST', headers, body: new URLSearchParams(form) });
      return { status: response.status, headers: response.headers, body: (await response.json()) as Record<string, unknown> };
    },
    async close() {
      await new Promise((resolve) => http.close(resolve).closeAllConnections());
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

export const REDIRECT = 'https://app.example/callback';

interface Pkce {
  readonly verifier: string;
  readonly challenge: string;
}

export function pkce(): Pkce {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}

/** The parameters of an authorization request; `undefined` leaves one out. */
export function authorizeParameters(
  { fhirBaseUrl }: Pick<ServedAuthorization, 'fhirBaseUrl'>,
  client: string,
  scope: string,
  challenge: string,
  changes: Readonly<Record<string, string | undefined>> = {},
): URLSearchParams {
  const all = {
    response_type: 'code',
    client_id: client,
    redirect_uri: REDIRECT,
    scope,
    state: 'a state',
    aud: fhirBaseUrl,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...changes,
  };
  return new URLSearchParams(Object.entries(all).filter((pair): pair is [string, string] => pair[1] !== undefined));
}

/** A page that a browser came to, or the address outside that it was sent to. */
interface Visit {
  readonly status: number;
  readonly url: string;
  readonly text: string;
  readonly headers: Headers;
  /** The parameters that the app was sent, once the browser was sent to the app. */
  readonly sent?: URLSearchParams;
}

const sentTo = ({ searchParams, hash }: URL): URLSearchParams =>
  searchParams.size > 0 ? searchParams : new URLSearchParams(hash.slice(1));

/** A browser that stays on `origin`. */
export function createBrowser(origin: string) {
  const jar = new Map<string, { value: string; path: string }>();

  const cookiesFor = (path: string) =>
    [...jar]
      .filter(([, cookie]) => path.startsWith(cookie.path))
      .map(([key, { value }]) => `${key.split(' ')[0]}=${value}`)
      .join('; ');

  function keep(headers: Headers, path: string): void {
    for (const line of headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split('; ');
      const at = pair.indexOf('=');
      const place = attributes.find((each) => each.toLowerCase().startsWith('path='))?.slice(5) ?? path;
      const key = `${pair.slice(0, at)} ${place}`;
      if (pair.slice(at + 1) === '') jar.delete(key);
      else jar.set(key, { value: pair.slice(at + 1), path: place });
    }
  }

  async function go(url: string, form?: URLSearchParams): Promise<Visit> {
    const { pathname } = new URL(url);
    const headers = { Cookie: cookiesFor(pathname), Accept: 'text/html' };
    const response = await fetch(url, { redirect: 'manual', headers, ...(form && { method: 'POST', body: form }) });
    keep(response.headers, pathname);
    const location = response.headers.get('location');
    if (location === null) return { status: response.status, url, text: await response.text(), headers: response.headers };
    const next = new URL(location, url);
    if (next.origin !== origin) return { status: response.status, url: next.href, text: '', headers: response.headers, sent: sentTo(next) };
    return go(next.href);
  }

  return {
    go,
    submit: ({ url }: Visit, fields: Readonly<Record<string, string>> | readonly [string, string][]) =>
      go(url, new URLSearchParams(fields as Record<string, string>)),
    jar,
  };
}

/** The scopes that a consent page offers. */
export const offeredScopes = ({ text }: Visit): string[] =>
  [...text.matchAll(/name="scope" value="([^"]*)"/g)].map(([, scope = '']) => scope.replaceAll('&amp;', '&'));

/** Logs in, chooses a patient where that is asked, and allows everything that is offered, or what `keep` leaves. */
export async function authorize(
  served: ServedAuthorization,
  parameters: URLSearchParams,
  login: string,
  { patient = 'p1', keep = () => true }: { patient?: string; keep?: (scope: string) => boolean } = {},
): Promise<Visit> {
  const browser = createBrowser(served.origin);
  let visit = await browser.go(`${served.server.endpoints.authorization}?${parameters}`);
  if (visit.text.includes('id="password"')) visit = await browser.submit(visit, { login, password: PASSWORD });
  if (visit.text.includes('Choose a patient')) visit = await browser.submit(visit, { patient });
  if (!visit.text.includes('name="scope"')) return visit;
  const fields = offeredScopes(visit)
    .filter(keep)
    .map((scope): [string, string] => ['scope', scope]);
  return browser.submit(visit, [...fields, ['action', 'allow']]);
}
