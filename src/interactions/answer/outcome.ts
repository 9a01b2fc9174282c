/** OperationOutcomes as JSON text. @see https://hl7.org/fhir/R4/operationoutcome.html */
import type { Issue } from '../../model/error.ts';

export function outcomeText(issues: readonly Issue[]): string {
  return JSON.stringify({ resourceType: 'OperationOutcome', issue: issues.map(issueOf) });
}

function issueOf({ severity, code, diagnostics, expression }: Issue): object {
  return { severity, code, diagnostics, ...(expression?.length && { expression }) };
}

/** "All OK", as `$validate` answers. */
export const ALL_OK: Issue = { severity: 'information', code: 'informational', diagnostics: 'All OK' };
