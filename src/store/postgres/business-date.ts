/**
 * The tables of the administrative and financial types, and the business date that each is partitioned by.
 *
 * The date is that of the search parameter named here (the start of its range), else the draft's `index.d`.
 * @see https://hl7.org/fhir/R4/searchparameter-registry.html
 */

/** A table that is partitioned by time. */
export interface PartitionedTable {
  readonly table: string;
  /** The partition column. */
  readonly column: string;
  /** What one partition holds. */
  readonly step: 'year' | 'day';
}

export interface AdministrativeTable extends PartitionedTable {
  readonly type: string;
  /** The element that the date comes from. */
  readonly element: string;
  /** The search parameter over that element; R4 has none for Coverage. */
  readonly parameter: string | undefined;
}

const yearly = (type: string, column: string, element: string, parameter?: string): AdministrativeTable => ({
  type,
  table: type.toLowerCase(),
  column,
  element,
  parameter,
  step: 'year',
});

export const ADMINISTRATIVE_TABLES: readonly AdministrativeTable[] = [
  yearly('Account', 'served_at', 'servicePeriod.start', 'period'),
  yearly('Appointment', 'starts_at', 'start', 'date'),
  yearly('ChargeItem', 'occurred_at', 'occurrence[x]', 'occurrence'),
  yearly('Claim', 'billed_at', 'created', 'created'),
  yearly('ClaimResponse', 'created_at', 'created', 'created'),
  yearly('Coverage', 'covered_at', 'period.start'),
  yearly('Encounter', 'admitted_at', 'period.start', 'date'),
  yearly('ExplanationOfBenefit', 'created_at', 'created', 'created'),
  yearly('Invoice', 'invoiced_at', 'date', 'date'),
  yearly('PaymentNotice', 'created_at', 'created', 'created'),
  yearly('PaymentReconciliation', 'created_at', 'created', 'created'),
  yearly('Schedule', 'starts_at', 'planningHorizon.start', 'date'),
  yearly('Slot', 'starts_at', 'start', 'start'),
];

const BY_TYPE: ReadonlyMap<string, AdministrativeTable> = new Map(ADMINISTRATIVE_TABLES.map((table) => [table.type, table]));

/** @throws Error for a type that PostgreSQL does not hold: a fault of ours, never of a client */
export function tableOf(type: string): AdministrativeTable {
  const table = BY_TYPE.get(type);
  if (!table) throw new Error(`${type} is not kept in PostgreSQL`);
  return table;
}

/** True for a table of resources, with their columns and functions. */
export const isAdministrative = (table: PartitionedTable): table is AdministrativeTable => 'type' in table;

/** The range key whose entry gives the business date: "Encounter.date". */
export function mainKeyOf({ type, parameter }: AdministrativeTable): string | undefined {
  return parameter && `${type}.${parameter}`;
}
