/** Element tables in the form in which the walk over a resource reads them. Made for each type when it is first met. */
import type { CodeSet, Definitions, ElementDefinition, PropertyDefinition, TypeDefinition } from '../definitions/definitions.ts';
import { BUNDLE_INVARIANTS } from './bundle-invariants.ts';
import { type Invariant, invariantsOf } from './invariants.ts';
import { type PrimitiveCheck, primitiveCheck } from './primitives.ts';

export interface MemberPlan {
  /** As FHIRPath writes it: "name", "value.ofType(Quantity)". */
  readonly step: string;
  readonly element: ElementDefinition;
  /** The bit of a required element or a choice; 0 for others. All cases of a choice share theirs. */
  readonly bit: number;
  readonly kind: 'primitive' | 'narrative' | 'complex' | 'reference' | 'resource';
  readonly check: PrimitiveCheck | undefined;
  readonly isUri: boolean;
  /** False where R4 has no `_…` beside the member: ids, `Extension.url`, the narrative. */
  readonly hasSibling: boolean;
  readonly codes: ReadonlySet<string> | undefined;
  /** Set for a CodeableConcept with a required binding. */
  readonly codeSet: CodeSet | undefined;
  /** The plan of the member's own members. */
  readonly plan: () => TypePlan;
}

export interface TypePlan {
  readonly name: string;
  readonly isResource: boolean;
  readonly members: ReadonlyMap<string, MemberPlan>;
  /** Choices by name without type, for a hint: `value` → `valueQuantity`, … */
  readonly choices: ReadonlyMap<string, readonly string[]>;
  readonly requiredBits: number;
  readonly required: readonly { readonly bit: number; readonly element: ElementDefinition }[];
  readonly invariants: readonly Invariant[];
}

export type PlanOf = (type: string) => TypePlan | undefined;

const LOCAL_REFERENCE_TYPES: ReadonlySet<string> = new Set(['uri', 'url', 'canonical']);

/** Plans by type name, kept from the first time on. */
export function createPlans(definitions: Definitions): PlanOf {
  const plans = new Map<string, TypePlan>();
  const codeSetsOf = createCodeLists(definitions);
  const planOf = (name: string): TypePlan | undefined => {
    const known = plans.get(name);
    if (known) return known;
    const type = definitions.types.get(name);
    if (!type) return undefined;
    const plan = makePlan(type, (property, bit) => memberPlan(property, bit, planOf, codeSetsOf));
    plans.set(name, plan);
    return plan;
  };
  return planOf;
}

function makePlan(type: TypeDefinition, member: (property: PropertyDefinition, bit: number) => MemberPlan): TypePlan {
  const marked = type.elements.filter((element) => element.required || element.choice);
  // Bit operations have 31 bits; ElementDefinition has the most choices, 13 marked elements.
  if (marked.length > 31) throw new Error(`${type.name} has ${marked.length} required elements and choices`);
  const bits = new Map(marked.map((element, index) => [element, 1 << index]));
  const required = marked.filter((element) => element.required).map((element) => ({ element, bit: bits.get(element) ?? 0 }));
  return {
    name: type.name,
    isResource: type.kind === 'resource',
    members: new Map([...type.properties.values()].map((property) => [property.name, member(property, bits.get(property.element) ?? 0)])),
    choices: choicesOf(type),
    requiredBits: required.reduce((all, { bit }) => all | bit, 0),
    required,
    invariants: type.name === 'Bundle' ? BUNDLE_INVARIANTS : invariantsOf(type.name),
  };
}

function choicesOf(type: TypeDefinition): ReadonlyMap<string, readonly string[]> {
  const cases = [...type.properties.values()].filter(({ element }) => element.choice);
  return new Map(
    [...Map.groupBy(cases, ({ element }) => element.name)].map(([name, properties]) => [name, properties.map((one) => one.name)]),
  );
}

function memberPlan(property: PropertyDefinition, bit: number, planOf: PlanOf, codeSetsOf: CodeLists): MemberPlan {
  const { element, type, definition } = property;
  const kind = kindOf(definition);
  let plan: TypePlan | undefined;
  return {
    step: element.choice ? `${element.name}.ofType(${type})` : element.name,
    element,
    bit,
    kind,
    check: kind === 'primitive' ? primitiveCheck(type) : undefined,
    hasSibling: kind === 'primitive' && !element.attribute && property.name !== 'id',
    isUri: LOCAL_REFERENCE_TYPES.has(type),
    codes: kind === 'primitive' && element.codes ? codeSetsOf.codes(element.codes) : undefined,
    codeSet: type === 'CodeableConcept' && element.codes ? codeSetsOf.set(element.codes) : undefined,
    plan: () => {
      plan ??= planOf(type);
      if (!plan) throw new Error(`no plan for ${type}`);
      return plan;
    },
  };
}

function kindOf(type: TypeDefinition): MemberPlan['kind'] {
  if (type.name === 'xhtml') return 'narrative';
  if (type.name === 'Resource') return 'resource';
  if (type.name === 'Reference') return 'reference';
  return type.kind === 'primitive' ? 'primitive' : 'complex';
}

interface CodeLists {
  codes(name: string): ReadonlySet<string> | undefined;
  set(name: string): CodeSet | undefined;
}

function createCodeLists(definitions: Definitions): CodeLists {
  const lists = new Map<string, ReadonlySet<string>>();
  return {
    codes(name) {
      const known = lists.get(name);
      const set = definitions.codeSets.get(name);
      if (known || !set) return known;
      const codes = new Set(Object.values(set).flat());
      lists.set(name, codes);
      return codes;
    },
    set: (name) => definitions.codeSets.get(name),
  };
}
