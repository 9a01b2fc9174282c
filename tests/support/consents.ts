/** Consents and what they are asked about, over a registry of R4's own parameters; the middle of June 2026. */
import { createAboutData } from '../../src/access/consent/about-data.ts';
import { createAuthors } from '../../src/access/consent/authors.ts';
import { type Circumstances, deniedBy } from '../../src/access/consent/denied.ts';
import { readConsent } from '../../src/access/consent/read-consent.ts';
import type { Related } from '../../src/access/consent/related.ts';
import type { ConsentRule, Decision } from '../../src/access/consent/rule.ts';
import { createTokens } from '../../src/access/labels/labelled.ts';
import { createScopeQueries } from '../../src/access/scope-query.ts';
import type { ScopeLetter } from '../../src/access/scopes.ts';
import { loadDefinitions } from '../../src/definitions/load.ts';
import type { IndexEntries } from '../../src/model/resource.ts';
import { matches } from '../../src/search/expression/match.ts';
import { createIndexer } from '../../src/search/parameters/indexer.ts';
import { createSearchRegistry } from '../../src/search/parameters/registry.ts';

export const BASE = 'http://localhost/fhir/R4';
export const V3 = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality';
export const LOINC = 'http://loinc.org';
export const NOW = Date.UTC(2026, 5, 15);
export const TYPES = ['Observation', 'Condition', 'Patient'];
const KNOWN = [...TYPES, 'Consent', 'Encounter', 'Practitioner'];
export const rules = { baseUrl: BASE, isResourceType: (type: string) => KNOWN.includes(type) };

const definitions = loadDefinitions();
const registry = createSearchRegistry(definitions);
const indexer = createIndexer(registry, definitions, { baseUrl: BASE });
const compileQuery = createScopeQueries({ registry, baseUrl: BASE, now: () => NOW, mostHops: 0, mostAlternatives: 10 });
export const authors = createAuthors(registry, definitions);
const related: Related = { now: [{ type: 'Observation', id: 'x' }], ever: ['x', 'z'].map((id) => ({ type: 'Observation', id })) };
const aboutData = createAboutData(registry, {
  hasToken: createTokens(compileQuery, registry),
  authors,
  relatedTo: ({ id }) => (id === 'unknown' ? undefined : id === 'stay' ? related : { now: [], ever: [] }),
});

export function consent(provision: object, more: object = {}): object {
  return {
    resourceType: 'Consent',
    status: 'active',
    scope: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }] },
    patient: { reference: 'Patient/b' },
    dateTime: '2026-01-01',
    provision,
    ...more,
  };
}

export function ruleOf(tree: object, id = 'c', at = NOW): ConsentRule | undefined {
  return readConsent({ id, version: 1, at }, tree, rules).rule;
}

export interface Situation {
  readonly user?: string;
  readonly purposes?: readonly string[];
  readonly letter?: ScopeLetter;
  readonly type?: string;
  readonly labels?: readonly string[];
  /** What the resource bears as `code`. */
  readonly code?: string;
  /** …and as `category`. */
  readonly category?: string;
  /** The year of its date of care. */
  readonly year?: number;
  readonly id?: string;
  /** "Encounter/1": what it refers to. */
  readonly encounter?: string;
  /** "Practitioner/1": who performed an Observation, or recorded a Condition. */
  readonly author?: string;
  readonly byDefault?: Decision;
}

function entriesOf({ type = 'Observation', labels = [], code, category, year, encounter, author }: Situation): IndexEntries {
  const concept = (each: string) => ({ coding: [{ system: LOINC, code: each }] });
  const care = {
    ...(code && { code: concept(code) }),
    ...(category && { category: [concept(category)] }),
    ...(year && { [type === 'Condition' ? 'onsetDateTime' : 'effectiveDateTime']: String(year) }),
    ...(encounter && { encounter: { reference: encounter } }),
    ...(author && (type === 'Condition' ? { recorder: { reference: author } } : { performer: [{ reference: author }] })),
  };
  const security = labels.map((each) => ({ system: V3, code: each }));
  const resource = { resourceType: type, id: 'x', meta: { security }, ...(type !== 'Patient' && care) };
  return indexer.entries(resource, { type, id: 'x' });
}

export function isDenied(consents: readonly object[], situation: Situation) {
  const { user, purposes = [], letter = 'r', type = 'Observation', id = 'x', byDefault } = situation;
  const isActor: Circumstances['isActor'] = ({ reference }) => (user === 'somebody' ? undefined : reference === user);
  const circumstances = { isActor, purposes, now: NOW };
  const found = consents.flatMap((each, index) => ruleOf(each, `c${index}`, NOW + index) ?? []);
  const condition = deniedBy(found, byDefault ?? 'permit', circumstances, { type, letter }, aboutData);
  return matches(condition, { type, id, at: 0, index: entriesOf(situation) });
}

export const actor = (reference: string) => ({
  actor: [{ role: { coding: [{ code: 'IRCP' }] }, reference: { reference } }],
});
export const klass = (...codes: string[]) => ({ class: codes.map((code) => ({ system: 'http://hl7.org/fhir/resource-types', code })) });
export const label = (code: string) => ({ securityLabel: [{ system: V3, code }] });
export const purpose = (code: string) => ({ purpose: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason', code }] });
export const coded = (...codes: string[]) => ({ code: codes.map((code) => ({ coding: [{ system: LOINC, code }] })) });
export const of = (start?: string, end?: string) => ({ dataPeriod: { ...(start && { start }), ...(end && { end }) } });
export const data = (reference: string, meaning = 'instance') => ({ data: [{ meaning, reference: { reference } }] });
export const action = (code: string) => ({ action: [{ coding: [{ code }] }] });
export const deny = (more: object = {}) => ({ type: 'deny', ...more });
export const permit = (more: object = {}) => ({ type: 'permit', ...more });
export const DOCTOR = 'Practitioner/d';
export const OTHER_DOCTOR = 'Practitioner/e';
