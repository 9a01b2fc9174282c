/** The 403 of a token that may not do what it asks for: names the scope that is missing and nothing about the data. */
import { type FhirError, insufficientScope } from '../model/error.ts';
import { isServersOwn } from '../model/servers-own.ts';
import type { Principal } from './principal.ts';
import { type ReachRules, recordOf } from './reach.ts';

/** @param target a resource type or `*` */
export function missingScope(principal: Principal, target: string, letter: string, rules: ReachRules): FhirError {
  const isForPatient = principal.patient !== undefined && principal.scopes.grants.every(({ context }) => context === 'patient');
  const context = isForPatient && (target === '*' || rules.isPatientMember(target)) ? 'patient' : 'system';
  const scope = `${context}/${target}.${letter}`;
  const alternative = context === 'system' && !isServersOwn(target) ? ` or user/${target}.${letter}` : '';
  return insufficientScope(`The token lacks the scope ${scope}${alternative}.${explainVoid(principal, rules)}`, scope);
}

/** Why scopes that the token does carry count for nothing. */
function explainVoid(principal: Principal, { compileQuery }: ReachRules): string {
  const { grants, refused } = principal.scopes;
  const homeless = grants.filter((grant) => recordOf(grant, principal) === null).map(({ scope }) => scope);
  const unknown = grants
    .filter(({ target, query }) => query !== undefined && compileQuery(target, query) === undefined)
    .map(({ scope }) => scope);
  return [
    ...reason('These need a patient in the token and grant nothing without', homeless),
    ...reason('The restriction of these is not understood, so they grant nothing', unknown),
    ...reason('Not valid as SMART scopes', refused),
  ].join('');
}

const reason = (why: string, scopes: readonly string[]) => (scopes.length > 0 ? [` ${why}: ${listed(scopes)}.`] : []);

function listed(scopes: readonly string[]): string {
  const shown = scopes.slice(0, 5).map((scope) => (scope.length > 80 ? `${scope.slice(0, 80)}…` : scope));
  return shown.join(' ') + (scopes.length > shown.length ? ' …' : '');
}
