/**
 * A record without what tells whose it is: types and elements that `policy.json` names, each value by the rule of its data type
 * (`rules.ts`), ids as pseudonyms. Whatever is not named is left out, so what nobody thought of does not leave.
 * @see https://www.ecfr.gov/current/title-45/section-164.514
 */
import type { Definitions, TypeDefinition } from '../definitions/definitions.ts';
import { lifetimeOf } from './lifetime.ts';
import policy from './policy.json' with { type: 'json' };
import type { Pseudonymise } from './pseudonym.ts';
import { compact, type RecordFacts, type Rule, ruleOf } from './rules.ts';

interface RecordTexts {
  /** The Patient as JSON text. */
  readonly patient: string;
  /** Resources of the record as JSON texts, the patient among them or not. */
  readonly resources: readonly string[];
  readonly pseudonymise: Pseudonymise;
  /** The server's base URL. */
  readonly baseUrl: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

interface DeidentifiedRecord {
  /** Resources to be written by `JSON.stringify`, in the order of types and pseudonyms. */
  readonly resources: readonly Readonly<Record<string, unknown>>[];
  /** How many were left out, by type. */
  readonly leftOut: ReadonlyMap<string, number>;
}

interface Deidentifier {
  /** Types that have a way out. */
  readonly types: readonly string[];
  deidentify(record: RecordTexts): DeidentifiedRecord;
}

/** Says that names, dates and ids are not the true ones. @see https://terminology.hl7.org/CodeSystem-v3-ObservationValue.html */
const LABEL = { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'PSEUDED' };
/** On a birth date: that year or any before it. */
export const OR_EARLIER = 'https://meridian.example/fhir/StructureDefinition/or-earlier';

type Tree = Readonly<Record<string, unknown>>;

/** @throws Error at start-up for a policy that names what FHIR has not, or what has no rule */
export function createDeidentifier(definitions: Definitions): Deidentifier {
  const programs = new Map(Object.entries(policy.resources).map(([type, paths]) => [type, compile(type, paths, definitions)]));

  function transformed(resource: Tree, type: string, rule: Rule, facts: RecordFacts): Tree {
    const id = facts.pseudonymise(type, String(resource.id));
    return { resourceType: type, id, meta: { security: [LABEL] }, ...(rule(resource, facts) as Tree | undefined), ...birthOf(type, facts) };
  }

  return {
    types: [...programs.keys()],
    deidentify({ patient, resources, pseudonymise, baseUrl, now }) {
      const subject = parse(patient);
      const isResourceType = (type: string) => definitions.isResourceType(type);
      const leftOut = new Map<string, number>();
      const kept: Tree[] = [];
      for (const text of resources) {
        const resource = parse(text);
        const type = String(resource.resourceType);
        const rule = programs.get(type);
        // Another patient's lifetime is not this one's.
        const isOther = type === 'Patient' && resource.id !== subject.id;
        const facts = { lifetime: lifetimeOf(isOther ? resource : subject, now), pseudonymise, baseUrl, isResourceType };
        if (rule && !isOther) kept.push(transformed(resource, type, rule, facts));
        else leftOut.set(type, (leftOut.get(type) ?? 0) + 1);
      }
      return { resources: kept.sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1)), leftOut };
    },
  };
}

/** The patient first. */
const orderOf = ({ resourceType, id }: Tree) => `${resourceType === 'Patient' ? '' : resourceType}/${id}`;

function birthOf(type: string, { lifetime: { birthYear, isOrEarlier } }: RecordFacts): Tree {
  if (type !== 'Patient' || birthYear === undefined) return {};
  return {
    birthDate: String(birthYear).padStart(4, '0'),
    ...(isOrEarlier && { _birthDate: { extension: [{ url: OR_EARLIER, valueBoolean: true }] } }),
  };
}

/** Numbers keep their digits. */
function parse(text: string): Tree {
  const raw = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON;
  const reviver = (_: string, value: unknown, context?: { source?: string }) =>
    typeof value === 'number' && context?.source !== undefined ? raw(context.source) : value;
  return JSON.parse(text, reviver as never) as Tree;
}

function compile(type: string, paths: readonly string[], definitions: Definitions): Rule {
  const definition = definitions.types.get(type);
  if (!definition) throw new Error(`the policy names ${type}, which FHIR has not`);
  const unused = new Set(paths);
  const rule = compileType(definition, '', unused, new Set(paths), definitions);
  if (unused.size > 0)
    throw new Error(`the policy names ${[...unused].map((path) => `${type}.${path}`).join(', ')}: no such element, or no rule`);
  return rule;
}

/** A rule for an object of that type, of which the paths below `prefix` may leave. */
function compileType(
  definition: TypeDefinition,
  prefix: string,
  unused: Set<string>,
  paths: ReadonlySet<string>,
  definitions: Definitions,
): Rule {
  const rules = new Map<string, Rule>();
  for (const property of definition.properties.values()) {
    const path = `${prefix}${property.element.name}${property.element.choice ? '[x]' : ''}`;
    const isParent = [...paths].some((each) => each.startsWith(`${path}.`));
    const rule = isParent
      ? compileType(property.definition, `${path}.`, unused, paths, definitions)
      : paths.has(path)
        ? (ruleOf(property, definitions) ?? dataTypeRule(property.type, definitions))
        : undefined;
    if (!rule) continue;
    unused.delete(path);
    rules.set(property.name, property.element.list ? eachOf(rule) : rule);
  }
  return (value, facts) => compact(Object.fromEntries([...rules].map(([name, rule]) => [name, take(value, name, rule, facts)])));
}

const take = (value: unknown, name: string, rule: Rule, facts: RecordFacts) => {
  const member = (value as Tree | null)?.[name];
  return member === undefined || member === null ? undefined : rule(member, facts);
};

function eachOf(rule: Rule): Rule {
  return (value, facts) => {
    const kept = Array.isArray(value) ? value.map((item) => rule(item, facts)).filter((item) => item !== undefined) : [];
    return kept.length === 0 ? undefined : kept;
  };
}

function dataTypeRule(type: string, definitions: Definitions): Rule | undefined {
  const paths = (policy.dataTypes as Readonly<Record<string, readonly string[]>>)[type];
  return paths && compile(type, paths, definitions);
}
