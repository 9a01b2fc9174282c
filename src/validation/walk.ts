/** One walk over a parsed resource, reporting every problem with its place. */
import type { Definitions, ElementDefinition } from '../definitions/definitions.ts';
import type { Issue } from '../model/error.ts';
import { codeProblem, conceptProblem } from './bindings.ts';
import { Container } from './container.ts';
import { narrativeProblems } from './narrative.ts';
import { nearestName } from './nearest.ts';
import type { MemberPlan, PlanOf, TypePlan } from './plans.ts';
import { kindOfValue, type Problem, shown, wrongStructure } from './problem.ts';
import { referenceProblem } from './references.ts';

export interface Limits {
  /** Levels of objects, the resource being the first. */
  readonly maxDepth: number;
  readonly maxProblems: number;
}

type JsonObject = Readonly<Record<string, unknown>>;

const UNDERSCORE = 0x5f;
const HASH = 0x23;

/** Holds the state of one walk; used once. */
export class Walk {
  private readonly issues: Issue[] = [];
  private readonly steps: (string | number)[] = [];
  private container = new Container();
  private depth = 0;
  private readonly definitions: Definitions;
  private readonly planOf: PlanOf;
  private readonly limits: Limits;
  private readonly conditional: boolean;

  constructor(definitions: Definitions, planOf: PlanOf, limits: Limits, conditional: boolean) {
    this.definitions = definitions;
    this.planOf = planOf;
    this.limits = limits;
    this.conditional = conditional;
  }

  root(resource: unknown, expectedType: string | undefined, name: string | undefined): readonly Issue[] {
    const type = isObject(resource) ? resource.resourceType : undefined;
    const known = typeof type === 'string' && this.definitions.isResourceType(type);
    this.steps.push(name ?? (known ? type : (expectedType ?? 'Resource')));
    if (known && expectedType !== undefined && type !== expectedType) {
      this.report({ code: 'invalid', says: `the resource is a ${type}, not a ${expectedType}` }, 'resourceType');
    } else {
      this.resource(resource);
    }
    return this.issues;
  }

  /** A resource that stands for itself: the root, or one in a Bundle or in Parameters. */
  private resource(value: unknown): undefined {
    const plan = this.resourcePlan(value);
    if (!plan) return;
    const outer = this.container;
    this.container = new Container();
    this.container.collect((value as JsonObject).contained);
    this.object(value as JsonObject, plan);
    for (const { problem, index } of this.container.problems()) this.reportAt(problem, ['contained', index]);
    this.container = outer;
  }

  private contained(value: unknown, index: number): void {
    const plan = this.resourcePlan(value);
    if (!plan) return;
    this.container.inside = index;
    this.object(value as JsonObject, plan);
    this.container.inside = undefined;
  }

  private resourcePlan(value: unknown): TypePlan | undefined {
    if (!isObject(value)) return this.report(wrongStructure(`a resource must be an object, not ${kindOfValue(value)}`));
    const type = value.resourceType;
    if (type === undefined) return this.report({ code: 'required', says: 'resourceType is missing' }, 'resourceType');
    if (typeof type === 'string' && this.definitions.isResourceType(type)) return this.planOf(type);
    const nearest = typeof type === 'string' ? nearestName(type, this.definitions.resourceTypes) : undefined;
    return this.report({ code: 'invalid', says: `${shown(type)} is not a resource type of FHIR R4${meant(nearest)}` }, 'resourceType');
  }

  private object(value: JsonObject, plan: TypePlan): void {
    if (this.depth >= this.limits.maxDepth) {
      this.report({ code: 'too-costly', says: `nested over ${this.limits.maxDepth} levels deep` });
      return;
    }
    this.depth += 1;
    this.members(value, plan);
    for (const { key, human, holds } of plan.invariants) {
      if (!holds(value)) this.report({ code: 'invariant', says: `${key}: ${human}` });
    }
    this.depth -= 1;
  }

  private members(value: JsonObject, plan: TypePlan): void {
    let seen = 0;
    let count = 0;
    for (const name in value) {
      count += 1;
      const member = plan.members.get(name);
      if (member !== undefined) {
        if (member.bit !== 0) seen = this.mark(seen, member);
        this.member(member, value[name], value, name);
      } else if (name.charCodeAt(0) === UNDERSCORE && plan.members.get(name.slice(1))?.hasSibling) {
        const sibling = plan.members.get(name.slice(1)) as MemberPlan;
        const hasValue = Object.hasOwn(value, name.slice(1));
        if (sibling.bit !== 0 && !hasValue) seen = this.mark(seen, sibling);
        this.sibling(sibling, value[name], value[name.slice(1)], hasValue);
      } else if (name !== 'resourceType' || !plan.isResource) {
        this.unknown(name, plan);
      }
    }
    if ((count === 0 || (count === 1 && 'id' in value)) && !plan.isResource) {
      this.report({ code: 'invariant', says: 'ele-1: an element must have a value or children: leave it out' });
    }
    if ((seen & plan.requiredBits) !== plan.requiredBits) this.missing(seen, plan);
  }

  private mark(seen: number, member: MemberPlan): number {
    if (member.element.choice && (seen & member.bit) !== 0) {
      this.report(wrongStructure(`only one of ${member.element.name}[x] may be there`), member.element.name);
    }
    return seen | member.bit;
  }

  private missing(seen: number, plan: TypePlan): void {
    for (const { bit, element } of plan.required) {
      if ((seen & bit) === 0) this.report({ code: 'required', says: `${nameOf(element)} is missing` }, element.name);
    }
  }

  private unknown(name: string, plan: TypePlan): void {
    const bare = name.startsWith('_') ? name.slice(1) : name;
    const cases = plan.choices.get(bare);
    const hint = cases
      ? `: write its type, ${cases.slice(0, 6).join(', ')}${cases.length > 6 ? ', …' : ''}`
      : meant(nearestName(bare, plan.members.keys()));
    this.report(wrongStructure(`${plan.name} has no element ${shown(name)}${hint}`), name);
  }

  private member(member: MemberPlan, value: unknown, owner: JsonObject, name: string): void {
    this.steps.push(member.step);
    if (!member.element.list) {
      if (Array.isArray(value)) this.report(wrongStructure(`${nameOf(member.element)} may be there once only: it must not be an array`));
      else this.value(member, value);
    } else if (!Array.isArray(value)) {
      this.report(wrongStructure(`${nameOf(member.element)} may repeat: it must be an array, not ${kindOfValue(value)}`));
    } else {
      this.list(member, value, member.check ? owner[`_${name}`] : undefined);
    }
    this.steps.pop();
  }

  private list(member: MemberPlan, values: readonly unknown[], siblings: unknown): void {
    if (values.length === 0) this.report(wrongStructure('an array must not be empty: leave the element out'));
    for (let index = 0; index < values.length; index += 1) {
      // A null keeps the place of a value that has extensions only.
      const isPlaceHolder = values[index] === null && Array.isArray(siblings) && siblings[index] != null;
      if (isPlaceHolder) continue;
      this.steps.push(index);
      if (member.kind === 'resource' && member.element.name === 'contained') this.contained(values[index], index);
      else this.value(member, values[index]);
      this.steps.pop();
    }
  }

  private value(member: MemberPlan, value: unknown): undefined {
    if (value === null) return this.report(wrongStructure('null is not a value: leave the element out'));
    switch (member.kind) {
      case 'primitive':
        return this.primitive(member, value);
      case 'narrative':
        return this.narrative(value);
      case 'resource':
        return this.resource(value);
      default:
        return this.complex(member, value);
    }
  }

  private primitive(member: MemberPlan, value: unknown): undefined {
    const problem = member.check?.(value) ?? (member.codes && codeProblem(value, member.codes, member.element.codes ?? ''));
    if (problem) this.report(problem);
    if (member.isUri && typeof value === 'string' && value.charCodeAt(0) === HASH) this.container.mention(value);
  }

  private narrative(value: unknown): undefined {
    if (typeof value !== 'string') return this.report(wrongStructure(`a narrative must be a string, not ${kindOfValue(value)}`));
    for (const problem of narrativeProblems(value)) this.report(problem);
  }

  private complex(member: MemberPlan, value: unknown): undefined {
    const plan = member.plan();
    if (!isObject(value)) return this.report(wrongStructure(`${plan.name} must be an object, not ${kindOfValue(value)}`));
    if (member.kind === 'reference' && typeof value.reference === 'string') this.reference(value.reference, member.element);
    if (member.codeSet) {
      const problem = conceptProblem(value, member.codeSet, member.element.codes ?? '');
      if (problem) this.report(problem);
    }
    this.object(value, plan);
  }

  private reference(reference: string, element: ElementDefinition): void {
    if (reference.charCodeAt(0) === HASH) this.container.mention(reference);
    const problem = referenceProblem(reference, element.targets, {
      isResourceType: this.definitions.isResourceType,
      conditional: this.conditional,
      containedIds: this.container.ids,
    });
    if (problem) this.report(problem, 'reference');
  }

  /** `_given`: ids and extensions of primitive values. */
  private sibling(member: MemberPlan, value: unknown, values: unknown, hasValue: boolean): void {
    this.steps.push(member.step);
    if (!member.element.list) {
      this.primitiveElement(value, hasValue && values !== null);
    } else if (!Array.isArray(value)) {
      this.report(wrongStructure(`_${nameOf(member.element)} must be an array, not ${kindOfValue(value)}`));
    } else {
      if (value.length === 0) this.report(wrongStructure('an array must not be empty: leave the element out'));
      this.siblings(value, Array.isArray(values) ? values : []);
    }
    this.steps.pop();
  }

  private siblings(elements: readonly unknown[], values: readonly unknown[]): void {
    for (let index = 0; index < elements.length; index += 1) {
      const hasValue = values[index] != null;
      if (elements[index] === null && hasValue) continue;
      this.steps.push(index);
      this.primitiveElement(elements[index], hasValue);
      this.steps.pop();
    }
  }

  private primitiveElement(value: unknown, hasValue: boolean): undefined {
    const plan = this.planOf('Element');
    if (!isObject(value))
      return this.report(wrongStructure(`id and extensions of a primitive must be an object, not ${kindOfValue(value)}`));
    if (!plan) return;
    // An id alone is enough beside a value.
    if (hasValue && value.id !== undefined && value.extension === undefined) return this.objectWithId(value, plan);
    this.object(value, plan);
  }

  private objectWithId(value: JsonObject, plan: TypePlan): undefined {
    const id = plan.members.get('id');
    if (id) this.member(id, value.id, value, 'id');
    for (const name in value) if (!plan.members.has(name)) this.unknown(name, plan);
  }

  private report(problem: Problem, step?: string): undefined {
    this.reportAt(problem, step === undefined ? [] : [step]);
  }

  private reportAt({ code, says }: Problem, steps: readonly (string | number)[]): void {
    if (this.issues.length >= this.limits.maxProblems) return;
    this.issues.push({ severity: 'error', code, diagnostics: says, expression: [expressionOf([...this.steps, ...steps])] });
  }
}

function expressionOf(steps: readonly (string | number)[]): string {
  return steps.map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`)).join('');
}

function nameOf(element: ElementDefinition): string {
  return element.choice ? `${element.name}[x]` : element.name;
}

function meant(name: string | undefined): string {
  return name === undefined ? '' : `: was ${name} meant?`;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
