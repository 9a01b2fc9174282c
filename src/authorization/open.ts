/** The authorization server as the gateway sees it. oidc-provider is loaded beside other work, after the start. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AUTHORIZATION_ROUTES, type AuthorizationEndpoints, endpointsAt, smartConfiguration } from './endpoints.ts';
import { createLaunches, type Launches } from './launches.ts';
import type { HandleAuthorization } from './server.ts';
import type { AuthorizationOptions } from './settings.ts';

export interface AuthorizationServer {
  readonly endpoints: AuthorizationEndpoints;
  /** Its addresses, with `*` for the rest of a path. */
  readonly routes: readonly string[];
  /** The text of `.well-known/smart-configuration`. */
  readonly smartConfiguration: string;
  readonly launches: Launches;
  readonly handle: (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>;
  /** Loads what the first request would have to wait for. */
  readonly warmUp: () => Promise<void>;
}

export function openAuthorizationServer(options: AuthorizationOptions): AuthorizationServer {
  const endpoints = endpointsAt(new URL(options.fhirBaseUrl).origin, options.issuerUrl);
  let loading: Promise<HandleAuthorization> | undefined;
  const load = () => {
    loading ??= start(options);
    loading.catch(() => {
      loading = undefined;
    });
    return loading;
  };
  return {
    endpoints,
    routes: AUTHORIZATION_ROUTES,
    smartConfiguration: JSON.stringify(smartConfiguration(endpoints)),
    launches: createLaunches(options.store, options.now),
    async warmUp() {
      await Promise.all([import('./server.ts'), options.issuer.signingKeys()]);
    },
    async handle(incoming, outgoing) {
      try {
        await (await load())(incoming, outgoing);
      } catch (error) {
        options.report({ kind: 'error', error });
        if (!outgoing.headersSent) outgoing.writeHead(503, { 'Retry-After': '5', 'Content-Type': 'text/plain' });
        outgoing.end('The authorization server can not be reached just now.');
      }
    },
  };
}

async function start(options: AuthorizationOptions): Promise<HandleAuthorization> {
  const [{ createAuthorizationServer }] = await Promise.all([import('./server.ts'), options.beforeFirstUse()]);
  return createAuthorizationServer(options);
}
