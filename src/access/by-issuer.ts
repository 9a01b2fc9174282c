/** Tokens of more than one issuer, each held to its own rules. */
import type { TokenVerifier } from './tokens.ts';

/** `verifiers` by the `iss` that a token claims; `otherwise` judges all others. The claim only chooses who judges it. */
export function verifyByIssuer(verifiers: ReadonlyMap<string, TokenVerifier>, otherwise: TokenVerifier): TokenVerifier {
  return { verify: (token) => (verifiers.get(claimedIssuer(token)) ?? otherwise).verify(token) };
}

function claimedIssuer(token: string): string {
  try {
    const { iss } = JSON.parse(Buffer.from(token.slice(0, 8192).split('.')[1] ?? '', 'base64url').toString()) as { iss?: unknown };
    return typeof iss === 'string' ? iss : '';
  } catch {
    return '';
  }
}
