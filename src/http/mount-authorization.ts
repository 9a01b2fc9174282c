/** The embedded authorization server beside FHIR: its own addresses, and its discovery document below the base. */
import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Hono } from 'hono';
import type { HandleNode } from './guard-authorization.ts';

/** The authorization server, as far as HTTP is concerned. */
export interface MountedAuthorization {
  /** Its addresses, with `*` for the rest of a path. */
  readonly routes: readonly string[];
  /** The text of `.well-known/smart-configuration`. */
  readonly smartConfiguration: string;
  readonly handle: HandleNode;
}

const HEADERS = { 'Content-Type': 'application/json', 'Cache-Control': 'public, max-age=300', 'X-Content-Type-Options': 'nosniff' };

/**
 * The document is JSON whatever the client accepts.
 * @param guard the limits of the edge, around every other address
 * @see https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html
 */
export function mountAuthorization(
  app: Hono<{ Bindings: HttpBindings }>,
  authorization: MountedAuthorization,
  basePath: string,
  guard: (handle: HandleNode) => HandleNode,
): void {
  const handle = guard(authorization.handle);
  app.get(`${basePath}/.well-known/smart-configuration`, (c) => c.body(authorization.smartConfiguration, 200, HEADERS));
  for (const route of authorization.routes) {
    app.all(route, async (c) => {
      await handle(c.env.incoming, c.env.outgoing);
      return RESPONSE_ALREADY_SENT;
    });
  }
}
