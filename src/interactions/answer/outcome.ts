/** OperationOutcomes as JSON text. @see https://hl7.org/fhir/R4/operationoutcome.html */
import type { Issue } from '../../model/error.ts';

export function outcomeText(issues: readonly Issue[]): string {
  return JSON.stringify({ resourceType: 'OperationOutcome', issue: issues.map(issueOf) });
}

function issueOf({ severity, code, diagnostics, expression }: Issue): object {
  const places = expression?.map(legible).filter((place) => place !== '');
  return { severity, code, diagnostics: legible(diagnostics), ...(places?.length && { expression: places }) };
}

/** What neither a FHIR string nor XML can hold, as an error repeats it from the request. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is looked for
const ILLEGIBLE = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g;

const legible = (text: string): string => text.toWellFormed().replace(ILLEGIBLE, '\ufffd');

/** "All OK", as `$validate` answers. */
export const ALL_OK: Issue = { severity: 'information', code: 'informational', diagnostics: 'All OK' };
