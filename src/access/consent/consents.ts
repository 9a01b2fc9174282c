/** The privacy consents in force, by patient: kept in memory by each gateway, brought up to date by `jobs/consent-keeper`. */
import { keyText, type ResourceKey } from '../../model/resource.ts';
import { nextChange } from './denied.ts';
import type { Related } from './related.ts';
import type { Actor, ConsentRule, Provision } from './rule.ts';

export interface Consents {
  /** Another number after each change, and whenever a period of a provision begins or ends. */
  generation(now: number): number;
  /** Patients who have a consent that could matter, each with all of theirs. */
  byPatient(): ReadonlyMap<string, readonly ConsentRule[]>;
  /** True if a provision names an actor whom only the directory (roles, teams) tells. */
  needsMemberships(): boolean;
  /** Resources that a provision names with what they refer to, by "Type/id". */
  namedAsRelated(): ReadonlyMap<string, ResourceKey>;
  /** What such a resource refers to; undefined: nobody can tell. */
  relatedTo(key: ResourceKey): Related | undefined;
  relate(name: string, related: Related | undefined): void;
  /** A rule in the place of that of this Consent; none takes it out. False if that changes nothing. */
  put(id: string, rule: ConsentRule | undefined): boolean;
  /** Takes the place of all. */
  replaceAll(rules: readonly ConsentRule[]): void;
}

const MEMBERSHIPS = /(?:^|\/)(?:PractitionerRole|Organization|CareTeam|Group)\//;

const isMembership = ({ reference }: Actor): boolean => reference !== undefined && MEMBERSHIPS.test(reference);

const hasMembership = ({ actors = [], nested }: Provision): boolean => actors.some(isMembership) || nested.some(hasMembership);

const relatedIn = ({ data = [], nested }: Provision): readonly ResourceKey[] => [
  ...data.filter(({ meaning }) => meaning === 'related').map(({ type, id }) => ({ type, id })),
  ...nested.flatMap(relatedIn),
];

const namedBy = (rules: Iterable<ConsentRule>) =>
  new Map([...rules].flatMap(({ root }) => relatedIn(root)).map((key) => [keyText(key), key] as const));

export function createConsents(): Consents {
  const rules = new Map<string, ConsentRule>();
  let generation = 0;
  let changesAt = Number.POSITIVE_INFINITY;
  let needsMemberships = false;
  let byPatient: ReadonlyMap<string, readonly ConsentRule[]> = new Map();
  let isStale = false;
  let named: ReadonlyMap<string, ResourceKey> = new Map();
  let related: ReadonlyMap<string, Related> = new Map();

  function changed(): void {
    generation++;
    isStale = true;
    named = namedBy(rules.values());
    related = new Map([...related].filter(([name]) => named.has(name)));
    changesAt = Number.NEGATIVE_INFINITY;
  }

  function refresh(now: number): void {
    if (isStale) {
      byPatient = Map.groupBy(rules.values(), ({ patient }) => patient);
      needsMemberships = [...rules.values()].some(({ root }) => hasMembership(root));
      isStale = false;
    } else generation++;
    changesAt = Math.min(...[...rules.values()].map(({ root }) => nextChange(root, now)), Number.POSITIVE_INFINITY);
  }

  return {
    generation(now) {
      if (now >= changesAt) refresh(now);
      return generation;
    },
    byPatient: () => byPatient,
    needsMemberships: () => needsMemberships,
    namedAsRelated: () => named,
    relatedTo: (key) => related.get(keyText(key)),
    relate(name, found) {
      if (!found && !related.has(name)) return;
      const others = [...related].filter(([each]) => each !== name);
      related = new Map(found ? [...others, [name, found]] : others);
      generation++;
    },
    put(id, rule) {
      const before = rules.get(id);
      if (before === undefined && rule === undefined) return false;
      if (before && rule && before.version === rule.version) return false;
      if (rule) rules.set(id, rule);
      else rules.delete(id);
      changed();
      return true;
    },
    replaceAll(all) {
      rules.clear();
      for (const rule of all) rules.set(rule.id, rule);
      changed();
    },
  };
}
