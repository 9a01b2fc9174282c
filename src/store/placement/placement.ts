/** Which store holds which type: the one table that says so. */

export type StoreName = 'clinical' | 'administrative' | 'audit';

/** Types kept in PostgreSQL, in tables partitioned by year; audit events too, by day, and in a way of their own. Every other type is kept in MongoDB, sharded by patient. */
export const ADMINISTRATIVE_TYPES: ReadonlySet<string> = new Set([
  'Account',
  'Appointment',
  'ChargeItem',
  'Claim',
  'ClaimResponse',
  'Coverage',
  'Encounter',
  'ExplanationOfBenefit',
  'Invoice',
  'PaymentNotice',
  'PaymentReconciliation',
  'Schedule',
  'Slot',
]);

/** True for Patient and for types that are in no patient's compartment: their id tells their record key. `members`: those that are in one. */
export const ownerTypes =
  (members: Readonly<Record<string, unknown>>) =>
  (type: string): boolean =>
    type === 'Patient' || !Object.hasOwn(members, type);

export function storeOf(type: string): StoreName {
  if (type === 'AuditEvent') return 'audit';
  return ADMINISTRATIVE_TYPES.has(type) ? 'administrative' : 'clinical';
}
