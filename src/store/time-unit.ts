/** Parts of time as aggregates name them, in UTC: what every store's own formatting is held to. */
import { unreachable } from '../model/unreachable.ts';
import type { TimeUnit } from './store.ts';

/** The years 1 to 9999 in milliseconds: [from, to). */
export const YEARS = { from: Date.parse('0001-01-01T00:00:00Z'), to: Date.UTC(10_000, 0) };

const DAY_MS = 86_400_000;

/** Undefined for a time outside `YEARS`. */
export function timeUnitText(at: number, unit: TimeUnit): string | undefined {
  if (at < YEARS.from || at >= YEARS.to) return undefined;
  const text = new Date(at).toISOString();
  switch (unit) {
    case 'year':
      return text.slice(0, 4);
    case 'month':
      return text.slice(0, 7);
    case 'week':
      return isoWeek(at);
    case 'day':
      return text.slice(0, 10);
    default:
      return unreachable(unit);
  }
}

/** A week belongs to the year of its Thursday. */
function isoWeek(at: number): string {
  const day = (new Date(at).getUTCDay() + 6) % 7;
  const thursday = new Date(at + (3 - day) * DAY_MS);
  const year = thursday.getUTCFullYear();
  const first = new Date(thursday);
  first.setUTCMonth(0, 1);
  first.setUTCHours(0, 0, 0, 0);
  const week = Math.floor((thursday.getTime() - first.getTime()) / (7 * DAY_MS)) + 1;
  return `${String(year).padStart(4, '0')}-W${String(week).padStart(2, '0')}`;
}
