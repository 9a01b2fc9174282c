/** Answers of operations as Parameters resources. @see https://hl7.org/fhir/R4/parameters.html */

import type { FhirResponse } from '../interactions/request.ts';
import { type Decimal, decimalText } from '../model/decimal.ts';

type PartValue = string | number | boolean | Date | Decimal;

/** A parameter: a value, or parts. An undefined value leaves the parameter out. */
export interface Part {
  readonly name: string;
  readonly value?: PartValue | undefined;
  readonly parts?: readonly Part[];
}

/** One parameter with a value; left out of the answer if that is undefined. */
export const part = (name: string, value: PartValue | undefined): Part => ({ name, value });
/** One parameter made of others. */
export const group = (name: string, parts: readonly Part[]): Part => ({ name, parts });

/** 200 (or `status`) with a Parameters resource. */
export function parametersAnswer(parts: readonly Part[], status = 200, headers: Readonly<Record<string, string>> = {}): FhirResponse {
  const text = JSON.stringify({ resourceType: 'Parameters', parameter: parts.flatMap(elementOf) });
  return { status, headers, body: { kind: 'fhir', text } };
}

/** A number with all its digits. TypeScript's library does not know the function yet. */
const rawJson = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON;

function elementOf({ name, value, parts }: Part): readonly Record<string, unknown>[] {
  if (parts) return parts.length === 0 ? [] : [{ name, part: parts.flatMap(elementOf) }];
  if (value === undefined || value === '') return [];
  return [{ name, ...valueElement(value) }];
}

function valueElement(value: PartValue): Record<string, unknown> {
  if (value instanceof Date) return { valueInstant: value.toISOString() };
  if (typeof value === 'boolean') return { valueBoolean: value };
  if (typeof value === 'string') return { valueString: value };
  if (typeof value === 'object') return { valueDecimal: rawJson(decimalText(value)) };
  // An R4 integer has 32 bits; bytes may need more.
  return Number.isInteger(value) && Math.abs(value) < 2 ** 31 ? { valueInteger: value } : { valueDecimal: value };
}
