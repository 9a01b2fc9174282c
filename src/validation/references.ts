/**
 * Forms of `Reference.reference`.
 * @see https://hl7.org/fhir/R4/references.html#literal
 */
import { type Problem, shown, wrongValue } from './problem.ts';

interface ReferenceRules {
  isResourceType(type: string): boolean;
  /** `Practitioner?identifier=…`, which only a transaction's resources may hold. */
  readonly conditional: boolean;
  /** Ids of the contained resources that `#id` may name. */
  readonly containedIds: ReadonlySet<string>;
}

const RELATIVE = /^([A-Z][A-Za-z]{0,63})\/[A-Za-z0-9\-.]{1,64}(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/;
const CONDITIONAL = /^([A-Z][A-Za-z]{0,63})\?\S+$/;
const ABSOLUTE = /^[a-z][a-z0-9+\-.]*:\S+$/;
const RESTFUL_END = /\/([A-Z][A-Za-z]{0,63})\/[A-Za-z0-9\-.]{1,64}(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/;

/** What is wrong with a reference to one of `targets` (absent: any type); undefined if nothing is. */
export function referenceProblem(text: string, targets: readonly string[] | undefined, rules: ReferenceRules): Problem | undefined {
  if (text.startsWith('#')) return containedProblem(text.slice(1), rules);
  const relative = RELATIVE.exec(text) ?? (rules.conditional ? CONDITIONAL.exec(text) : null);
  if (relative?.[1]) {
    if (!rules.isResourceType(relative[1])) return wrongValue(`${shown(text)}: ${relative[1]} is not a resource type of FHIR R4`);
    return targetProblem(relative[1], text, targets);
  }
  if (!ABSOLUTE.test(text)) return wrongValue(`${shown(text)} is not a reference: write Type/id, #id, urn:uuid:… or an absolute URL`);
  const type = text.startsWith('http') ? RESTFUL_END.exec(text)?.[1] : undefined;
  return type && rules.isResourceType(type) ? targetProblem(type, text, targets) : undefined;
}

/** `#` alone is the container. */
function containedProblem(id: string, rules: ReferenceRules): Problem | undefined {
  return id === '' || rules.containedIds.has(id)
    ? undefined
    : { code: 'invariant', says: `ref-1: no contained resource has the id ${shown(id)}` };
}

function targetProblem(type: string, text: string, targets: readonly string[] | undefined): Problem | undefined {
  if (!targets || targets.includes(type)) return undefined;
  return wrongValue(`${shown(text)} refers to a ${type}, where only ${targets.join(', ')} may be`);
}
