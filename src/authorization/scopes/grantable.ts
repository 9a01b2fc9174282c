/** Which scopes an authorization can end in: registration, role and context taken together. */
import { parseScope } from '../../access/scopes.ts';
import { isServersOwn } from '../../model/servers-own.ts';
import type { Account } from '../../store/authorization.ts';
import type { LaunchContext } from '../launches.ts';
import { type IsResourceType, narrowScopes } from './narrow-scopes.ts';
import { type ScopesByRole, scopesOfRole } from './roles.ts';

/** Scopes that oidc-provider itself knows; all others belong to the FHIR server. */
export const OPENID_SCOPES: readonly string[] = ['openid', 'profile', 'fhirUser', 'offline_access', 'online_access'];

interface Grantable {
  readonly scopes: readonly string[];
  /** Asked for and allowed to the client, but not to this person or without this context. */
  readonly withheld: readonly string[];
}

/** What `account` may grant of `asked` in that context. */
export function grantable(
  asked: readonly string[],
  account: Pick<Account, 'role'>,
  context: LaunchContext,
  operations: readonly string[],
  isResourceType: IsResourceType,
  byRole: ScopesByRole = {},
): Grantable {
  const scopes = narrowScopes(asked, scopesOfRole(account.role, operations, byRole), isResourceType).filter((scope) =>
    fits(scope, context),
  );
  return { scopes, withheld: asked.filter((scope) => narrowScopes([scope], scopes, isResourceType).length === 0) };
}

/** A patient scope without a patient would grant nothing: SMART wants a patient in context whenever one is granted. */
function fits(scope: string, context: LaunchContext): boolean {
  if (scope.startsWith('patient/') || scope === 'launch/patient') return context.patient !== undefined;
  return scope !== 'launch/encounter' || context.encounter !== undefined;
}

/** What a client's registration leaves of the scopes that it asks for; apps with people get no `system/` scopes but those that administrators may grant. */
export function allowedToClient(
  asked: readonly string[],
  registered: string,
  isService: boolean,
  isResourceType: IsResourceType,
): string[] {
  return narrowScopes(asked, registered.split(' '), isResourceType).filter((scope) => {
    const grant = parseScope(scope, isResourceType);
    if (isService) return grant?.context === 'system';
    return grant?.context !== 'system' || grant.target.startsWith('$') || isServersOwn(grant.target);
  });
}

/** True if somebody has to choose a patient, or a launch has to name one. */
export function needsPatient(scopes: readonly string[]): boolean {
  return scopes.some((scope) => scope === 'launch' || scope === 'launch/patient' || scope.startsWith('patient/'));
}
