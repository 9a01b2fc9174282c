/** Requests that the gateway makes of itself: dispatched like those of a client, with a decision of their own. */
import type { Decide, Restriction } from '../../access/decision.ts';
import type { Principal } from '../../access/principal.ts';
import { parseScopes } from '../../access/scopes.ts';
import type { InteractionContext } from '../context.ts';
import type { FhirRequest } from '../request.ts';

export interface InnerRequests {
  readonly context: InteractionContext;
  readonly decide: Decide;
  /** What restricts a person beside the scope. */
  readonly restrictionsOf: (principal: Principal) => Promise<readonly Restriction[]>;
  readonly baseUrl: string;
  /** The part of the gateway that asks: the `client` of what is written. */
  readonly client: string;
}

type Parts = Pick<FhirRequest, 'interaction' | 'method' | 'path' | 'type' | 'query'> & Partial<FhirRequest>;

/** In whose name. */
export interface InnerUser {
  readonly login: string;
  readonly fhirUser?: string;
}

/** A request in the name of a user that may do what `scope` says and no more. */
export async function innerRequest(
  { context, decide, restrictionsOf, baseUrl, client }: InnerRequests,
  { login, fhirUser }: InnerUser,
  scope: string,
  parts: Parts,
): Promise<FhirRequest> {
  const scopes = parseScopes(scope, (type) => context.definitions.isResourceType(type));
  const whose = { subject: login, ...(fhirUser && { fhirUser }) };
  const principal: Principal = { client, issuer: client, ...whose, scopes, expiresAt: Number.POSITIVE_INFINITY };
  const by = { client, subject: login, request: context.newUlid() };
  return { prefer: {}, acceptsFhirOnly: true, access: decide(principal, await restrictionsOf(principal)), by, baseUrl, ...parts };
}
