/** The server's own rules for privacy Consents, asked beside the structural validation: at every way in, and by `$validate`. */
import { type ConsentRules, readConsent } from '../access/consent/read-consent.ts';
import type { Issue } from '../model/error.ts';
import type { Validator } from '../validation/validate.ts';

/** A validator that also tells what of an active privacy Consent this server can't enforce: `business-rule` issues (422). */
export function withConsentRules(validator: Validator, rules: ConsentRules): Validator {
  return {
    validate(resource, expectedType, options = {}) {
      const issues = validator.validate(resource, expectedType, options);
      if (!isConsent(resource) || issues.some(({ severity }) => severity === 'error' || severity === 'fatal')) return issues;
      const { problems } = readConsent({ id: '', version: 0, at: 0 }, resource, rules);
      return [...issues, ...problems.map(({ element, diagnostics }) => breach(element, diagnostics, options.root))];
    },
  };
}

const isConsent = (resource: unknown): resource is object =>
  typeof resource === 'object' && resource !== null && (resource as { resourceType?: unknown }).resourceType === 'Consent';

const breach = (element: string, diagnostics: string, root = 'Consent'): Issue => ({
  severity: 'error',
  code: 'business-rule',
  diagnostics: `${element}: ${diagnostics}`,
  expression: [element.replace(/^Consent/, () => root)],
});
