/**
 * What people may grant to an app, by role: the most, whatever the app asks for. The record itself has further rules
 * (compartment, consent), which the resource server applies.
 */
import { IDENTITY_SCOPES } from '../../access/scopes.ts';
import type { Role } from '../../store/authorization.ts';

const DIRECTORY = ['Practitioner', 'PractitionerRole', 'Organization', 'Location', 'HealthcareService', 'Endpoint'];
const WRITTEN_BY_NURSES = ['Observation', 'MedicationAdministration', 'CareTeam', 'Communication', 'Flag', 'NutritionOrder', 'Task'];
const WRITTEN_BY_PATIENTS = ['Observation', 'QuestionnaireResponse', 'Communication'];

const BY_ROLE: Readonly<Record<Role, readonly string[]>> = {
  doctor: ['patient/*.cruds', 'user/*.cruds'],
  nurse: ['patient/*.rs', 'user/*.rs', ...WRITTEN_BY_NURSES.flatMap((type) => [`patient/${type}.cu`, `user/${type}.cu`])],
  admin: ['system/AuditEvent.rs', ...DIRECTORY.map((type) => `user/${type}.cruds`)],
  // No user/ scopes: those are not bound to the person's own record.
  patient: ['patient/*.rs', ...WRITTEN_BY_PATIENTS.map((type) => `patient/${type}.c`)],
};

/** The scopes that a person of this role may grant. `operations` are the admin operations: `system/$shard.cruds`, … */
export function scopesOfRole(role: Role, operations: readonly string[], byRole: ScopesByRole = {}): readonly string[] {
  const administration = role === 'admin' ? operations.map((name) => `system/$${name}.cruds`) : [];
  return [...IDENTITY_SCOPES, ...BY_ROLE[role], ...administration, ...(byRole[role] ?? [])];
}

/** What settings add for a role: clearances for labels, breaking the glass. */
export type ScopesByRole = Partial<Readonly<Record<Role, readonly string[]>>>;

/** Doctors may open any record, patients their own; the others only the record that a launch from the hospital's own system names. */
export function mayChoosePatient(role: Role): boolean {
  return role === 'doctor';
}

/** True if a person may have this patient in context. `own` is the account's `fhirUser`; `isLaunched`, that the hospital's system chose. */
export function mayOpen(role: Role, own: string | undefined, patient: string, isLaunched: boolean): boolean {
  if (role === 'patient') return own === `Patient/${patient}`;
  return role === 'doctor' || (role === 'nurse' && isLaunched);
}
