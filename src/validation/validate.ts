/**
 * Structural validation: whether a resource is what R4's definitions allow, without profiles and terminology servers.
 * @see https://hl7.org/fhir/R4/validation.html
 */
import type { Definitions } from '../definitions/definitions.ts';
import type { Issue } from '../model/error.ts';
import { createPlans } from './plans.ts';
import { type Limits, Walk } from './walk.ts';

interface ValidationOptions {
  /** Allows `Practitioner?identifier=…` in references, as resources of a transaction may write them. */
  readonly conditionalReferences?: boolean;
  /** Where the resource stands, put before each expression in place of its type: "Bundle.entry[3].resource". */
  readonly root?: string;
}

export interface Validator {
  /**
   * All problems (1,000 at most), each with the FHIRPath of its place; [] if the resource is valid. `resource` is what
   * `JSON.parse` gave; `expectedType` is the type that the URL names.
   */
  validate(resource: unknown, expectedType?: string, options?: ValidationOptions): readonly Issue[];
}

const DEFAULT_LIMITS: Limits = { maxDepth: 64, maxProblems: 1000 };

/** Nothing is prepared here: a type's table is made ready, in well under a millisecond, when a resource first needs it. */
export function createValidator(definitions: Definitions, limits: Partial<Limits> = {}): Validator {
  const planOf = createPlans(definitions);
  const bounds = { ...DEFAULT_LIMITS, ...limits };
  return {
    validate(resource, expectedType, options = {}) {
      const walk = new Walk(definitions, planOf, bounds, options.conditionalReferences ?? false);
      return walk.root(resource, expectedType, options.root);
    },
  };
}
