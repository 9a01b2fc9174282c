/** Whoever asks for what needs no token. */
import { createDecide } from '../access/decision.ts';
import { parseScopes } from '../access/scopes.ts';
import type { Authenticated } from './middleware/authenticate.ts';

const principal = {
  client: 'anonymous',
  subject: 'anonymous',
  issuer: '',
  scopes: parseScopes('', () => false),
  expiresAt: Number.POSITIVE_INFINITY,
};

export const NOBODY: Authenticated = {
  principal,
  access: createDecide({ compileQuery: () => undefined, isPatientMember: () => false })(principal),
};
