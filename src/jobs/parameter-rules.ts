/** The server's own rules for SearchParameter resources, asked beside the structural validation: at every way in, and by `$validate`. */
import type { Issue } from '../model/error.ts';
import { definitionOf, isRegistered, type OwnParameterRules, problemsOf, typesOf } from '../search/parameters/own-parameter.ts';
import type { Validator } from '../validation/validate.ts';
import { isTwin, MOST_OWN_PARAMETERS, type Own } from './own-parameters.ts';

/** A validator that also tells why an active SearchParameter can't be registered: `business-rule` issues (422). */
export function withParameterRules(validator: Validator, rules: OwnParameterRules, registered: () => readonly Own[]): Validator {
  return {
    validate(resource, expectedType, options = {}) {
      const issues = validator.validate(resource, expectedType, options);
      if (!isSearchParameter(resource) || issues.some(({ severity }) => severity === 'error' || severity === 'fatal')) return issues;
      const { root } = options;
      return [...issues, ...breachesOf(resource, rules, registered()).map((issue) => (root === undefined ? issue : below(root, issue)))];
    },
  };
}

interface Identified {
  readonly resourceType?: unknown;
  readonly id?: unknown;
}

const isSearchParameter = (resource: unknown): resource is Identified =>
  typeof resource === 'object' && resource !== null && (resource as Identified).resourceType === 'SearchParameter';

function breachesOf(resource: Identified, rules: OwnParameterRules, registered: readonly Own[]): Issue[] {
  if (!isRegistered(resource, rules)) return [];
  const problems = problemsOf(resource, rules);
  if (problems.length > 0) return problems;
  const others = registered.filter(({ id }) => id !== resource.id);
  const definition = definitionOf(resource);
  const twin = others.find((other) => isTwin(other, { definition, types: typesOf(definition, rules.definitions) }));
  if (twin) return [breach('code', `SearchParameter/${twin.id} defines "${definition.code}" on one of these types already`)];
  if (others.length < MOST_OWN_PARAMETERS) return [];
  return [breach('status', `${MOST_OWN_PARAMETERS} parameters are registered, and no more can be; retire one first`)];
}

const breach = (element: string, diagnostics: string): Issue => ({
  severity: 'error',
  code: 'business-rule',
  diagnostics: `SearchParameter.${element}: ${diagnostics}`,
  expression: [`SearchParameter.${element}`],
});

const below = (root: string, issue: Issue): Issue => ({
  ...issue,
  expression: issue.expression?.map((place) => place.replace(/^SearchParameter/, () => root)),
});
