/**
 * Who may write privacy consents: who keeps them, and each patient the own. Anybody else could permit to himself what the
 * patient denied.
 */
import type { SearchExpression } from '../../search/expression/expression.ts';
import { EVERYTHING, not, or } from '../../search/expression/expression.ts';
import type { Restriction } from '../decision.ts';
import type { ScopeLetter } from '../scopes.ts';

/**
 * @param privacy a condition that holds for privacy consents
 * @param own the patient ("Patient/1") that the user is
 */
export function registryRestriction(
  privacy: SearchExpression,
  keepsConsents: (letter: ScopeLetter) => boolean,
  own: string | undefined,
): Restriction {
  return {
    name: 'keeping of consents',
    narrow(type, letter) {
      if (type !== 'Consent' || letter === 'r' || letter === 's' || keepsConsents(letter)) return EVERYTHING;
      return or([not(privacy), ...(own === undefined ? [] : [{ kind: 'patients-only', references: [own] } as const])]);
    },
  };
}
