/** Tokens that reach everything by their scopes, and that the consent of patient `b`, or labels on all that is theirs, restrict. */
import { type AboutData, createAboutData } from '../../src/access/consent/about-data.ts';
import { createAuthors } from '../../src/access/consent/authors.ts';
import { type Consents, createConsents } from '../../src/access/consent/consents.ts';
import { deniedBy } from '../../src/access/consent/denied.ts';
import { relatedBy } from '../../src/access/consent/related.ts';
import type { ConsentRule } from '../../src/access/consent/rule.ts';
import type { Restriction } from '../../src/access/decision.ts';
import { CONFIDENTIALITY_CLEARANCES } from '../../src/access/labels/label-restriction.ts';
import { createTokens } from '../../src/access/labels/labelled.ts';
import type { Principal } from '../../src/access/principal.ts';
import { createPrivacy } from '../../src/access/privacy.ts';
import { createScopeQueries } from '../../src/access/scope-query.ts';
import type { InteractionServices } from '../../src/interactions/context.ts';
import { keyText, type ResourceDraft } from '../../src/model/resource.ts';
import { NOTHING } from '../../src/search/expression/expression.ts';
import { matches } from '../../src/search/expression/match.ts';
import type { Who } from './side.ts';
import type { World } from './world.ts';

const DOCTOR = 'Practitioner/denied';

export const DENIED: readonly Who[] = [
  { scope: 'user/*.cruds system/$de-identify.r', fhirUser: DOCTOR, restrictedBy: 'consent' },
  { scope: 'user/*.rs user/Observation.cruds', fhirUser: DOCTOR, restrictedBy: 'consent' },
];

/** Denied not by whose it is, but by its code, its time, what it refers to or what refers to it, its author, or its name. */
export const DENIED_DATA: readonly Who[] = DENIED.map((who) => ({ ...who, restrictedBy: 'data' }));

export const UNCLEARED: readonly Who[] = [
  { scope: 'user/*.cruds system/$de-identify.r', fhirUser: DOCTOR, restrictedBy: 'labels' },
  { scope: 'user/*.cruds system/$label-restricted.rs', fhirUser: DOCTOR, restrictedBy: 'labels' },
];

/** What the labels of `b` are: above what the clearance among them is for. */
export const LABEL = { system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'V' };

/** Of these a search parameter tells the author. */
const AUTHORED = ['Composition', 'DiagnosticReport', 'DocumentReference', 'Observation', 'ServiceRequest'];
const RULE = { version: 1, patient: 'Patient/b', at: 0, updated: 0 };
const NOBODY_ELSE = { decision: 'deny', actors: [{ reference: DOCTOR }], nested: [] } as const;

export interface Restrictions {
  restrictionsOf(principal: Principal, by: Who['restrictedBy']): Promise<readonly Restriction[]>;
  /** Denies all that is hidden in the world, piece by piece. */
  denyPieces(world: World): void;
}

export function createRestrictions({ search, definitions }: InteractionServices): Restrictions {
  const [consents, pieces, none] = [createConsents(), createConsents(), createConsents()];
  const compileQuery = createScopeQueries(search);
  const privacy = (known: Consents, areLabelsInUse = false) =>
    createPrivacy({
      consents: known,
      byDefault: 'permit',
      clearances: CONFIDENTIALITY_CLEARANCES,
      areLabelsInUse: () => areLabelsInUse,
      membershipsOf: async () => [],
      registry: search.registry,
      definitions,
      compileQuery,
      privacyConsents: NOTHING,
      isPatientMember: (type) => Object.hasOwn(definitions.compartments.Patient ?? {}, type),
      baseUrl: search.baseUrl,
      now: () => Date.UTC(2025, 1),
      breakGlassWithinMs: 0,
    });
  consents.put('k', { ...RULE, id: 'k', root: NOBODY_ELSE });
  const by = { consent: privacy(consents), data: privacy(pieces), labels: privacy(none, true) };
  const data = createAboutData(search.registry, {
    hasToken: createTokens(compileQuery, search.registry),
    authors: createAuthors(search.registry, definitions),
    relatedTo: pieces.relatedTo,
  });
  return {
    restrictionsOf: async (principal, name) => (name === undefined ? [] : by[name].restrictionsWith(principal, undefined)),
    denyPieces: (world) => {
      for (const [name, related] of relationsIn(world, search.baseUrl)) pieces.relate(name, related);
      pieces.replaceAll(piecesOf(world, data));
    },
  };
}

const REFERRING = /^(?:Composition|DiagnosticReport|DocumentReference|List|Observation)\//;
const relatedRoots = ({ hidden }: World) => [...hidden].filter((name) => REFERRING.test(name)).filter((_, index) => index % 3 === 0);

/** What some of the hidden resources refer to. */
const relationsIn = (world: World, baseUrl: string) =>
  relatedRoots(world).map((name) => {
    const versions = world.versions.filter((version) => keyText(version) === name).toReversed();
    return [name, relatedBy(versions, baseUrl)] as const;
  });

const keyOf = (name: string) => ({ type: name.split('/', 1)[0] ?? '', id: name.slice(name.indexOf('/') + 1) });

/** Two of three codes, some years, what belongs to stays, what some resources refer to, what some people authored; and by name what is left. */
function piecesOf(world: World, data: AboutData): readonly ConsentRule[] {
  const { versions, hidden, keys } = world;
  const stays = [...hidden].filter((name) => name.startsWith('Encounter/')).map((name) => ({ type: 'Encounter', id: name.slice(10) }));
  const authors = keys.filter(({ type }) => type === 'Practitioner');
  const rules: readonly ConsentRule[] = [
    { ...RULE, id: 'code', root: { ...NOBODY_ELSE, codes: ['x', 'y'].map((code) => ({ system: 'http://s', code })) } },
    { ...RULE, id: 'time', root: { ...NOBODY_ELSE, dataTime: { from: Date.UTC(2020, 0), until: Date.UTC(2022, 0) } } },
    { ...RULE, id: 'stay', root: { ...NOBODY_ELSE, data: stays.map((stay) => ({ ...stay, meaning: 'dependents' })) } },
    {
      ...RULE,
      id: 'relation',
      root: { ...NOBODY_ELSE, data: relatedRoots(world).map((name) => ({ ...keyOf(name), meaning: 'related' })) },
    },
    { ...RULE, id: 'author', root: { ...NOBODY_ELSE, types: AUTHORED, data: authors.map((key) => ({ ...key, meaning: 'authoredby' })) } },
  ];
  const isCovered = (version: ResourceDraft) => {
    const circumstances = { isActor: () => true, purposes: [], now: 0 };
    return matches(deniedBy(rules, 'permit', circumstances, { type: version.type, letter: 'r' }, data), version);
  };
  const isLeft = (name: string) => versions.some((version) => !version.deleted && keyText(version) === name && !isCovered(version));
  const left = [...hidden].filter(isLeft).map((name) => ({ ...keyOf(name), meaning: 'instance' as const }));
  return [...rules, { ...RULE, id: 'rest', root: { ...NOBODY_ELSE, data: left } }];
}
