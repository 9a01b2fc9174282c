import { isTimestamp } from '../binary.ts';
import type { PartitionedTable } from '../business-date.ts';

/** One partition's share of time: [from, to), milliseconds since 1970, UTC. */
export interface Slot {
  readonly partition: string;
  readonly from: number;
  readonly to: number;
}

/**
 * The slot that a business date falls into: "encounter_y2024", "auditevent_d20240229". None for a missing date and for
 * dates outside the years 1 to 9999, which FHIR can't write: such rows stay in the default partition.
 */
export function slotOf({ table, step }: PartitionedTable, ms: number): Slot | undefined {
  if (!isTimestamp(ms)) return undefined;
  const date = new Date(ms);
  const year = date.getUTCFullYear();
  if (year < 1 || year > 9999) return undefined;
  const digits = String(year).padStart(4, '0');
  if (step === 'year') return { partition: `${table}_y${digits}`, from: utc(year, 0, 1), to: utc(year + 1, 0, 1) };
  const [month, day] = [date.getUTCMonth(), date.getUTCDate()];
  const name = `${table}_d${digits}${String(month + 1).padStart(2, '0')}${String(day).padStart(2, '0')}`;
  return { partition: name, from: utc(year, month, day), to: utc(year, month, day + 1) };
}

/** `Date.UTC` takes the years 0 to 99 for 1900 to 1999. */
function utc(year: number, month: number, day: number): number {
  return new Date(0).setUTCFullYear(year, month, day);
}

/** An instant as a literal that PostgreSQL reads whatever its settings. */
export const instantLiteral = (ms: number) => `'${new Date(ms).toISOString().replace(/^\+0/, '')}'::timestamptz`;

/** The default partition: missing dates, and rows that wait for their partition. */
export const defaultPartition = ({ table }: PartitionedTable) => `${table}_default`;
