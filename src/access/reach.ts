/**
 * What one scope reaches of a type, as a condition.
 *
 * | context | reaches |
 * | --- | --- |
 * | patient | the compartment of the token's `patient`; of universal types, if the scope names one, all of it for reading |
 * | user | what the user may: everything, but of a user who is a patient (`fhirUser`) the own compartment only |
 * | system | everything |
 *
 * A query narrows that further, for every letter of the scope.
 */
import { isServersOwn } from '../model/servers-own.ts';
import type { SearchExpression } from '../search/expression/expression.ts';
import { and, EVERYTHING, NOTHING } from '../search/expression/expression.ts';
import type { Principal } from './principal.ts';
import type { CompileScopeQuery } from './scope-query.ts';
import { letterBit, type ScopeGrant, type ScopeLetter } from './scopes.ts';

export interface ReachRules {
  readonly compileQuery: CompileScopeQuery;
  /** True for the 66 types of R4's patient compartment. */
  readonly isPatientMember: (type: string) => boolean;
}

/**
 * Types that are about no patient: who gives care, where, and with what; and definitions. Other types outside the patient
 * compartment (Device, Measure reports of others, Subscription, …) are out of reach of `patient/` scopes.
 */
const UNIVERSAL: ReadonlySet<string> = new Set([
  ...['Practitioner', 'PractitionerRole', 'Organization', 'OrganizationAffiliation', 'Location', 'HealthcareService', 'Endpoint'],
  ...['Medication', 'MedicationKnowledge', 'Substance', 'InsurancePlan'],
  ...[
    'CodeSystem',
    'ValueSet',
    'ConceptMap',
    'NamingSystem',
    'Questionnaire',
    'PlanDefinition',
    'ActivityDefinition',
    'Library',
    'Measure',
  ],
]);

/** Whether the scope has to do with the type and letter at all. What is the server's own is for administrators: a `system/` scope must name it. */
export const concerns = ({ context, target, bits }: ScopeGrant, type: string, letter: ScopeLetter): boolean => {
  if ((bits & letterBit(letter)) === 0) return false;
  if (isServersOwn(type)) return target === type && context === 'system' && (letter === 'r' || letter === 's');
  return target === '*' || target === type;
};

/** The patient ("Patient/1") whose record a scope stays in; null if it may stay in nobody's; undefined if it goes anywhere. */
export function recordOf({ context }: Pick<ScopeGrant, 'context'>, { patient, fhirUser }: Principal): string | null | undefined {
  if (context === 'system') return undefined;
  if (context === 'patient') return patient === undefined ? null : `Patient/${patient}`;
  if (fhirUser?.startsWith('Patient/')) return fhirUser;
  // Whose record a related person or another server's patient may see is nothing that a token says.
  return /(?:^|\/)(?:Patient|RelatedPerson)\/[^/]+$/.test(fhirUser ?? '') ? null : undefined;
}

/** What the scope reaches of the type; `nothing` if it doesn't concern it, or is void. */
export function reachOf(
  grant: ScopeGrant,
  type: string,
  letter: ScopeLetter,
  principal: Principal,
  { compileQuery, isPatientMember }: ReachRules,
): SearchExpression {
  if (!concerns(grant, type, letter)) return NOTHING;
  const record = recordOf(grant, principal);
  if (record === null) return NOTHING;
  const queried = grant.query === undefined ? EVERYTHING : compileQuery(type, grant.query);
  if (queried === undefined) return NOTHING;
  return record === undefined ? queried : and([queried, withinRecord(record, grant, type, letter, isPatientMember(type))]);
}

function withinRecord(record: string, { target }: ScopeGrant, type: string, letter: ScopeLetter, isMember: boolean): SearchExpression {
  const isReading = letter === 'r' || letter === 's';
  // By R4's definition a Patient that links to the patient is in the compartment: to be read, not to be changed.
  if (type === 'Patient' && !isReading) return { kind: 'ids', ids: [record.slice('Patient/'.length)] };
  if (isMember) return { kind: 'patient', reference: record };
  return target === type && UNIVERSAL.has(type) && isReading ? EVERYTHING : NOTHING;
}
