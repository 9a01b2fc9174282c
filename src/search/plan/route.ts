/** Pass: whose record a search stays in, so that one shard answers it. */
import type { SearchExpression } from '../expression/expression.ts';
import type { SearchRegistry } from '../parameters/registry.ts';

const PATIENT = /^(Patient\/[A-Za-z0-9\-.]{1,64})(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/;

function patientOf(expression: SearchExpression, prefixes: readonly string[], isPatientSearch: boolean): string | undefined {
  switch (expression.kind) {
    case 'patient':
      return expression.reference;
    case 'ids':
      return isPatientSearch && expression.ids.length === 1 ? `Patient/${expression.ids[0]}` : undefined;
    case 'equals': {
      const prefix = prefixes.find((start) => expression.entry.startsWith(start));
      return prefix === undefined ? undefined : PATIENT.exec(expression.entry.slice(prefix.length))?.[1];
    }
    case 'and':
      return expression.of.map((part) => patientOf(part, prefixes, isPatientSearch)).find((patient) => patient !== undefined);
    case 'or': {
      const patients = new Set(expression.of.map((part) => patientOf(part, prefixes, isPatientSearch)));
      return patients.size === 1 ? [...patients][0] : undefined;
    }
    default:
      return undefined;
  }
}

/**
 * The patient ("Patient/1") in whose compartment every match must be, because a condition that always holds says so;
 * undefined if there is none such. Conditions under a `not` say nothing of the kind.
 */
export function patientNamedBy(where: SearchExpression, types: readonly string[], registry: SearchRegistry): string | undefined {
  const isPatientSearch = types.length === 1 && types[0] === 'Patient';
  const prefixes = types.flatMap((type) => registry.compartmentPrefixes(type));
  return patientOf(where, prefixes, isPatientSearch);
}
