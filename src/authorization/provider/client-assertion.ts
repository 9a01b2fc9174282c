/**
 * What SMART asks of a client's signed assertion beyond what oidc-provider checks (signature, `iss`, `sub`, `aud`, `jti` once).
 * @see https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html
 */
import { errors } from 'oidc-provider';

const LONGEST_SECONDS = 300;
const CLOCK_SKEW_SECONDS = 5;

interface Assertion {
  readonly exp?: unknown;
  readonly sub?: unknown;
}

interface AssertionHeader {
  readonly jku?: unknown;
  readonly kid?: unknown;
  readonly typ?: unknown;
}

/** @throws InvalidClientAuth: 401 `invalid_client` */
export function checkAssertion(
  claims: Assertion,
  header: AssertionHeader,
  client: { clientId: string; jwksUri?: string },
  nowSeconds: number,
): void {
  const refuse = (reason: string) => {
    throw new errors.InvalidClientAuth(reason);
  };
  if (claims.sub !== client.clientId) refuse('sub must be the client_id');
  if (typeof claims.exp !== 'number' || claims.exp > nowSeconds + LONGEST_SECONDS + CLOCK_SKEW_SECONDS)
    refuse('exp is more than five minutes ahead');
  if (typeof header.kid !== 'string' || header.kid === '') refuse('the assertion does not name its key (kid)');
  if (header.typ !== undefined && String(header.typ).toUpperCase() !== 'JWT') refuse('typ must be JWT');
  if (header.jku !== undefined && header.jku !== client.jwksUri) refuse('jku is not the registered address of the keys');
}
