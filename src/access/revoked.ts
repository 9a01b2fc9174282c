/** Tokens that were ended before their time, as the verifier asks about them. */
import type { Principal } from './principal.ts';

export interface RevokedTokens {
  /** Another number whenever more tokens are revoked: what was asked at the same number holds. */
  revision(): number;
  isRevoked(token: Pick<Principal, 'tokenId' | 'grant' | 'subject' | 'client' | 'issuedAt'>): boolean;
}

/** Where nothing can be revoked. */
export const NONE_REVOKED: RevokedTokens = { revision: () => 0, isRevoked: () => false };
