/** Requests that the gateway makes of itself: dispatched like those of a client, with a decision of their own. */
import type { Decide } from '../access/decision.ts';
import { parseScopes } from '../access/scopes.ts';
import type { InteractionContext } from './context.ts';
import type { FhirRequest } from './request.ts';

export interface InnerRequests {
  readonly context: InteractionContext;
  readonly decide: Decide;
  readonly baseUrl: string;
  /** The part of the gateway that asks: the `client` of what is written. */
  readonly client: string;
}

type Parts = Pick<FhirRequest, 'interaction' | 'method' | 'path' | 'type' | 'query'> & Partial<FhirRequest>;

/** A request in the name of `user` that may do what `scope` says and no more. */
export function innerRequest({ context, decide, baseUrl, client }: InnerRequests, user: string, scope: string, parts: Parts): FhirRequest {
  const scopes = parseScopes(scope, (type) => context.definitions.isResourceType(type));
  const principal = { client, subject: user, issuer: client, scopes, expiresAt: Number.POSITIVE_INFINITY };
  const by = { client, subject: user, request: context.newUlid() };
  return { prefer: {}, acceptsFhirOnly: true, access: decide(principal), by, baseUrl, ...parts };
}
