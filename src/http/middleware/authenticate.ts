/** The bearer token of a request, verified, as a decision about what it allows. */
import { type AccessDecision, decide } from '../../access/decision.ts';
import type { Principal } from '../../access/principal.ts';
import { bearerToken, type TokenVerifier } from '../../access/tokens.ts';

export type Authenticate = (authorization: string | undefined) => Promise<Authenticated>;

export interface Authenticated {
  readonly principal: Principal;
  readonly access: AccessDecision;
}

/** One decision for each principal: the verifier gives the same object for a token until it expires. */
export function createAuthenticate(verifier: TokenVerifier): Authenticate {
  const decisions = new WeakMap<Principal, Authenticated>();
  return async (authorization) => {
    const principal = await verifier.verify(bearerToken(authorization));
    const known = decisions.get(principal);
    if (known) return known;
    const made = { principal, access: decide(principal) };
    decisions.set(principal, made);
    return made;
  };
}
