/** Which store holds which type: the one table that says so. */

export type StoreName = 'clinical' | 'administrative';

/** Types kept in PostgreSQL, in tables partitioned by time; every other type is kept in MongoDB, sharded by patient. */
export const ADMINISTRATIVE_TYPES: ReadonlySet<string> = new Set([
  'Account',
  'Appointment',
  'AuditEvent',
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

export function storeOf(type: string): StoreName {
  return ADMINISTRATIVE_TYPES.has(type) ? 'administrative' : 'clinical';
}
