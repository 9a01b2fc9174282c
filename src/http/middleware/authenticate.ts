/** The bearer token of a request, verified, as a decision about what it allows. */
import type { IncomingHttpHeaders } from 'node:http';
import type { AccessDecision, Decide, Restriction } from '../../access/decision.ts';
import type { Principal } from '../../access/principal.ts';
import { bearerToken, type TokenVerifier } from '../../access/tokens.ts';

interface Authenticate {
  /** @throws FhirError 401, at once for a header that has no token */
  identify(headers: IncomingHttpHeaders): Promise<Principal>;
  /** Apart from `identify`: who asks is known by then, and stays so if this refuses. @throws FhirError 400, 403 for glass that may not be broken */
  decideFor(principal: Principal, headers: IncomingHttpHeaders): Promise<Authenticated>;
}

export interface Authenticated {
  readonly principal: Principal;
  readonly access: AccessDecision;
}

export interface AuthenticateOptions {
  readonly verifier: TokenVerifier;
  readonly decide: Decide;
  /**
   * What else narrows the principal's reach, whatever the scopes: consent, security labels. The same list again means that
   * nothing has changed, so the decision made with it still holds.
   */
  readonly restrictionsOf?: RestrictionsOf;
}

export type RestrictionsOf = (
  principal: Principal,
  headers: IncomingHttpHeaders,
) => readonly Restriction[] | Promise<readonly Restriction[]>;

interface Remembered extends Authenticated {
  readonly restrictions: readonly Restriction[];
}

const NONE: readonly Restriction[] = [];

/** One decision for each principal and its restrictions: the verifier gives the same object for a token until it expires. */
export function createAuthenticate({ verifier, decide, restrictionsOf }: AuthenticateOptions): Authenticate {
  const decisions = new WeakMap<Principal, Remembered>();
  return {
    identify: (headers) => verifier.verify(bearerToken(headers.authorization)),
    async decideFor(principal, headers) {
      const restrictions = restrictionsOf ? await restrictionsOf(principal, headers) : NONE;
      const known = decisions.get(principal);
      if (known?.restrictions === restrictions) return known;
      const made = { principal, access: decide(principal, restrictions), restrictions };
      decisions.set(principal, made);
      return made;
    },
  };
}
