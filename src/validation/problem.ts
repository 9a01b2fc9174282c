/** What a check says about one value. */
import type { IssueCode } from '../model/error.ts';

export interface Problem {
  readonly code: IssueCode;
  readonly says: string;
}

/** The element may be there, its value may not. */
export const wrongValue = (says: string): Problem => ({ code: 'value', says });
/** The element may not be there, or not so often, or not in this form. */
export const wrongStructure = (says: string): Problem => ({ code: 'structure', says });

const SHOWN = 64;

/** A caller's value in a message: JSON, cut after 64 characters. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

/** The JSON word for a value's type, with its article. */
export function kindOfValue(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
