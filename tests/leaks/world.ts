/**
 * Random linked records of two patients, `a` and `b`, over all types of R4's patient compartment, and what is nobody's:
 * everything may refer to everything. What is in the compartment of `b` alone is what a token for `a` must not learn of.
 */
import type { Definitions } from '../../src/definitions/definitions.ts';
import type { InteractionContext } from '../../src/interactions/context.ts';
import { deletionOf, draftOf, writeOf } from '../../src/interactions/write/prepare-write.ts';
import { keyText, type ResourceDraft, type ResourceKey } from '../../src/model/resource.ts';
import type { PathStep, ValuePath } from '../../src/search/parameters/path.ts';
import type { SearchParameter, SearchRegistry } from '../../src/search/parameters/registry.ts';
import type { ResourceStore } from '../../src/store/store.ts';
import type { Dice } from '../differential/dice.ts';

export interface World {
  readonly dice: Dice;
  readonly registry: SearchRegistry;
  readonly definitions: Definitions;
  /** The 66 types. */
  readonly members: readonly string[];
  /** Every resource, those of `b` and some that never were among them. */
  readonly keys: readonly ResourceKey[];
  /** All versions in the order of their making. */
  readonly versions: readonly ResourceDraft[];
  /** "Type/id" of what is in the record of `b` and not in that of `a`. */
  readonly hidden: ReadonlySet<string>;
  /** Who refers to whom, by which parameter: questions that have an answer are made of these. */
  readonly links: readonly Link[];
  readonly label?: object | undefined;
  /** Types that Lists name. */
  readonly listed: readonly string[];
}

export interface Link {
  readonly from: ResourceKey;
  readonly code: string;
  readonly to: ResourceKey;
}

export const CODES = ['x', 'y', 'z'];
export const NAMES = ['amber', 'beryl', 'Amberly'];
export const DATES = ['2020-01-01', '2021-06-15', '2022', '2023-03'];

/** What is nobody's: universal types, and one that is not. */
export const OTHERS = ['Practitioner', 'PractitionerRole', 'Organization', 'Location', 'Medication', 'HealthcareService', 'Device'];

/** What Lists name. */
const LISTED = ['Observation', 'Condition', 'Encounter'];

const AT = Date.UTC(2024, 0);
const BY = { client: 'ward', subject: 'doctor', request: 'r' };

/** The bodies of types that are written in the tests are valid; the others hold what their parameters look at. */
export const VALID: Readonly<Record<string, object>> = {
  Observation: { status: 'final', code: { coding: [{ system: 'http://s', code: 'x' }] } },
  Condition: { code: { text: 'amber' } },
  Encounter: { status: 'finished', class: { code: 'AMB' } },
  Patient: { active: true },
  DocumentReference: { status: 'current', content: [{ attachment: { url: 'http://e/x' } }] },
};
export const SUBJECT: Readonly<Record<string, string>> = {
  Observation: 'subject',
  Condition: 'subject',
  Encounter: 'subject',
  DocumentReference: 'subject',
};

/** @param label on everything of `b` */
export function generateWorld(dice: Dice, context: InteractionContext, label?: object): World {
  const { definitions, search } = context;
  const members = Object.keys(definitions.compartments.Patient ?? {}).sort();
  const keys = namesOf(dice, members);
  const base = { dice, registry: search.registry, definitions, members, keys, label };
  const versions = keys.filter(({ id }) => !id.startsWith('never')).flatMap((key, index) => versionsOf(key, index, base, context));
  const hidden = new Set(
    versions.filter(({ index: { patients } }) => patients.includes('Patient/b') && !patients.includes('Patient/a')).map(keyText),
  );
  // A deletion has no content of its own.
  for (const { type, id, deleted } of versions) if (deleted && id.startsWith('b') && members.includes(type)) hidden.add(`${type}/${id}`);
  for (const { type, id } of versions) if (type === 'Binary' && id.startsWith('b')) hidden.add(`${type}/${id}`);
  for (const { type, id } of versions) if (type === 'Device' && id.startsWith('b')) hidden.add(`${type}/${id}`);
  return { ...base, versions, hidden, links: versions.flatMap(linksOf), listed: LISTED };
}

function namesOf(dice: Dice, members: readonly string[]): ResourceKey[] {
  const patients = ['a', 'b', 'a-linked'].map((id) => ({ type: 'Patient', id }));
  const records = members
    .filter((type) => type !== 'Patient')
    .flatMap((type) =>
      ['a', 'b', ...(dice.chance(0.6) ? ['b2'] : []), ...(dice.chance(0.3) ? ['a2'] : [])].map((id) => ({
        type,
        id: `${id}-${type.toLowerCase()}`,
      })),
    );
  const frequent = ['Observation', 'Condition', 'Encounter'].flatMap((type) =>
    ['a', 'a', 'b', 'b', 'b'].map((id, index) => ({ type, id: `${id}${index + 3}-${type.toLowerCase()}` })),
  );
  const others = OTHERS.flatMap((type) => ['a', 'b', 'u'].map((id) => ({ type, id: `${id}-${type.toLowerCase()}` })));
  const binaries = ['a-binary', 'b-binary'].map((id) => ({ type: 'Binary', id }));
  const never = ['Observation', 'Patient', 'Condition'].map((type) => ({ type, id: `never-${type.toLowerCase()}` }));
  return [...patients, ...dice.shuffled([...records, ...frequent, ...others, ...binaries]), ...never];
}

const LINK = /^\w+\.([\w-]+)=([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]+)$/;

function linksOf({ type, id, index }: ResourceDraft): Link[] {
  return index.s.flatMap((entry) => {
    const [, code, toType, toId] = LINK.exec(entry) ?? [];
    return code && toType && toId ? [{ from: { type, id }, code, to: { type: toType, id: toId } }] : [];
  });
}

type Base = Omit<World, 'versions' | 'hidden' | 'links' | 'listed'>;

function versionsOf(key: ResourceKey, place: number, base: Base, context: InteractionContext): ResourceDraft[] {
  const { dice } = base;
  const versions: ResourceDraft[] = [];
  let at = AT + place * 10_000;
  do {
    const tree = labelled(treeOf(key, base), key, base);
    const previous = versions.at(-1);
    const made = { type: key.type, text: JSON.stringify(tree), tree };
    const draft = draftOf(context, made, key, previous, { at, by: BY, method: previous ? 'PUT' : 'POST' });
    if (draft) versions.push(draft);
    at += 1_000;
  } while (dice.chance(0.3) && versions.length < 4);
  const last = versions.at(-1);
  if (last && key.type !== 'Patient' && dice.chance(0.06)) versions.push(deletionOf(last, { at, by: BY }));
  return versions;
}

function labelled(tree: Record<string, unknown>, { type, id }: ResourceKey, { label, members }: Base): Record<string, unknown> {
  const isOfB = id.startsWith('b') && (members.includes(type) || type === 'Binary' || type === 'Device');
  return label && isOfB ? { ...tree, meta: { security: [label] } } : tree;
}

function treeOf({ type, id }: ResourceKey, base: Base): Record<string, unknown> {
  const { dice, registry, keys } = base;
  const tree: Record<string, unknown> = { resourceType: type, id, ...structuredClone(VALID[type] ?? {}) };
  if (dice.chance(0.4)) tree.text = { status: 'generated', div: `<div xmlns="http://www.w3.org/1999/xhtml">${dice.pick(NAMES)}</div>` };
  const owner = id.startsWith('b') ? 'Patient/b' : 'Patient/a';
  if (type === 'Binary')
    return {
      ...tree,
      contentType: 'text/plain',
      data: 'YQ==',
      securityContext: { reference: `DocumentReference/${id[0]}-documentreference` },
    };
  const home = SUBJECT[type];
  if (home) tree[home] = { reference: owner };
  if (type === 'Patient') {
    tree.name = [{ family: dice.pick(NAMES) }];
    if (id === 'a-linked') tree.link = [{ other: { reference: 'Patient/a' }, type: 'seealso' }];
    return tree;
  }
  if (type === 'List') tree.entry = listEntries(base);
  const codes = OTHERS.includes(type) ? ['patient'] : registry.compartmentCodes(type);
  const isOwned = !id.startsWith('u');
  for (const code of isOwned ? codes : [])
    if (dice.chance(0.5) || code === codes[0]) setParameter(tree, registry.parameter(type, code), { reference: owner }, base);
  for (const parameter of registry.parametersOf(type)) {
    if (parameter.type === 'reference' && !codes.includes(parameter.code) && dice.chance(0.35)) {
      const target = dice.pick(
        keys
          .filter((key) => key.type !== 'Patient' && parameter.targets.includes(key.type))
          .concat([{ type: 'Observation', id: 'b3-observation' }]),
      );
      // A record may name the other patient's resources, but not the other patient: that would make it both's.
      setParameter(tree, parameter, { reference: keyText(target) }, base);
    } else if (!(type in VALID) && dice.chance(0.4)) setValue(tree, parameter, base);
  }
  return tree;
}

function listEntries({ dice, keys }: Base): object[] {
  const named = keys.filter((key) => LISTED.includes(key.type));
  return dice.times(6, () => ({ item: { reference: keyText(dice.pick(named)) } }));
}

function setValue(tree: Record<string, unknown>, parameter: SearchParameter, { dice, definitions }: Base): void {
  const code = dice.pick(CODES);
  const values: Readonly<Record<string, unknown>> = {
    CodeableConcept: { coding: [{ system: 'http://s', code }] },
    Coding: { system: 'http://s', code },
    Identifier: { system: 'http://s', value: code },
    code,
    string: dice.pick(NAMES),
    HumanName: { family: dice.pick(NAMES) },
    date: dice.pick(DATES),
    dateTime: dice.pick(DATES),
    Period: { start: dice.pick(DATES) },
    boolean: dice.chance(0.5),
    Quantity: { value: dice.whole(1, 9), system: 'http://unitsofmeasure.org', code: 'kg' },
    decimal: dice.whole(1, 9),
    positiveInt: dice.whole(1, 9),
  };
  const paths = parameter.paths.filter((path) => path.type in values && path.steps.length > 0);
  if (paths.length > 0) {
    const path = dice.pick(paths);
    setAt(tree, path, values[path.type], definitions);
  }
}

function setParameter(
  tree: Record<string, unknown>,
  parameter: SearchParameter | undefined,
  value: object,
  { dice, definitions }: Base,
): void {
  const paths = parameter?.paths.filter(({ type }) => type === 'Reference') ?? [];
  const first = paths.map(({ steps }) => steps[0]).find((step) => step?.kind === 'field');
  if (paths.length > 0 && !(first?.kind === 'field' && first.name in tree)) setAt(tree, dice.pick(paths), value, definitions);
}

/** Lists where the definition has them, each of one item. */
function setAt(tree: Record<string, unknown>, { steps }: ValuePath, value: unknown, { types }: Definitions): void {
  const fields = steps.filter((step): step is Extract<PathStep, { kind: 'field' }> => step.kind === 'field');
  let at = tree;
  let type = types.get(tree.resourceType as string);
  for (const [index, { name }] of fields.entries()) {
    const property = type?.properties.get(name);
    const isList = property?.element.list ?? false;
    const there = at[name];
    const known = (Array.isArray(there) ? there[0] : there) as Record<string, unknown> | undefined;
    const inner = index === fields.length - 1 ? value : (known ?? {});
    at[name] = isList ? [inner] : inner;
    if (index < fields.length - 1 || typeof inner === 'object') at = inner as Record<string, unknown>;
    type = property?.definition;
  }
  for (const step of steps) if (step.kind === 'where') at[step.field] = step.value;
}

/** Puts the versions into a store; without what is hidden, or all of it. */
export async function fillStore(store: ResourceStore, { versions, hidden }: World, isFull: boolean): Promise<void> {
  const before = new Map<string, ResourceDraft>();
  for (const draft of versions) {
    const name = keyText(draft);
    if (!isFull && hidden.has(name)) continue;
    await store.commit({ writes: [writeOf(draft, before.get(name))] });
    before.set(name, draft);
  }
}
