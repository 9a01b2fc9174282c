/** Required bindings, as far as FHIR itself lists the codes. @see https://hl7.org/fhir/R4/terminologies.html#required */
import type { CodeSet } from '../definitions/definitions.ts';
import { type Problem, shown } from './problem.ts';

const LISTED = 12;

/** Checks the value of a `code` element. */
export function codeProblem(code: unknown, codes: ReadonlySet<string>, name: string): Problem | undefined {
  if (typeof code !== 'string' || codes.has(code)) return undefined;
  const choices = codes.size > LISTED ? '' : `: ${[...codes].join(', ')}`;
  return { code: 'code-invalid', says: `${shown(code)} is not a code of the value set ${name}${choices}` };
}

/** Checks a CodeableConcept: one of its codings must be in the set, unless an extension says why not. */
export function conceptProblem(concept: Readonly<Record<string, unknown>>, set: CodeSet, name: string): Problem | undefined {
  const codings: readonly unknown[] = Array.isArray(concept.coding) ? concept.coding : [];
  if (codings.some((coding) => isIn(coding, set)) || (codings.length === 0 && concept.extension !== undefined)) return undefined;
  return { code: 'code-invalid', says: `no coding is of the value set ${name} (${Object.keys(set).join(', ')}), which is required` };
}

function isIn(coding: unknown, set: CodeSet): boolean {
  if (typeof coding !== 'object' || coding === null) return false;
  const { system, code } = coding as { system?: unknown; code?: unknown };
  return typeof system === 'string' && typeof code === 'string' && Object.hasOwn(set, system) && set[system]?.includes(code) === true;
}
