/** Scopes about consents and labels that settings let people of a role grant. */
import { ROLES, type Role } from '../../store/authorization.ts';
import type { ScopesByRole } from './roles.ts';

interface PrivacyRoles {
  /** "doctor=restricted,nurse=restricted" */
  readonly labelRoles: string;
  /** "doctor,nurse" */
  readonly breakGlassRoles: string;
}

const NONE = 'none';

/** @throws Error for a text that names no role, or no clearance */
export function scopesByRole({ labelRoles, breakGlassRoles }: PrivacyRoles): ScopesByRole {
  const scopes: Partial<Record<Role, string[]>> = { admin: ['system/$consent.cruds', 'user/Consent.cruds'] };
  const add = (role: string, scope: string, text: string) => {
    if (!isRole(role)) throw new Error(`"${text}" names no role: ${ROLES.join(', ')}`);
    scopes[role] = [...(scopes[role] ?? []), scope];
  };
  for (const item of itemsOf(labelRoles)) {
    const [role = '', name = ''] = item.split('=');
    if (!/^[a-z][a-z0-9-]*$/.test(name)) throw new Error(`"${item}" is no clearance of a role: role=name`);
    add(role, `system/$label-${name}.cruds`, item);
  }
  for (const role of itemsOf(breakGlassRoles)) add(role, 'system/$break-glass.rs', role);
  return scopes;
}

const itemsOf = (text: string) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '' && item !== NONE);

const isRole = (text: string): text is Role => (ROLES as readonly string[]).includes(text);
