import type { PartitionedTable } from '../business-date.ts';

/** Events of all chains, partitioned by the day that they were recorded. */
export const AUDIT_TABLE: PartitionedTable = { table: 'auditevent', column: 'recorded_at', step: 'day' };
