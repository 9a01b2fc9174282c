import { describe, expect, test } from 'vitest';
import { createDice, type Dice } from '../../../tests/differential/dice.ts';
import { seedFrom } from '../../../tests/support/random.ts';
import { loadDefinitions } from '../../definitions/load.ts';
import type { IndexEntries } from '../../model/resource.ts';
import { matches } from '../../search/expression/match.ts';
import { createIndexer } from '../../search/parameters/indexer.ts';
import { createSearchRegistry } from '../../search/parameters/registry.ts';
import { createTokens } from '../labels/labelled.ts';
import { createScopeQueries } from '../scope-query.ts';
import type { ScopeLetter } from '../scopes.ts';
import { createAboutData } from './about-data.ts';
import { createAuthors } from './authors.ts';
import { type Circumstances, deniedBy } from './denied.ts';
import { readConsent } from './read-consent.ts';
import type { Related } from './related.ts';
import type { ConsentRule, Decision, Provision } from './rule.ts';

const BASE = 'http://localhost/fhir/R4';
const V3 = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality';
const S = 'http://loinc.org';
const NOW = Date.UTC(2026, 5, 15);
const TYPES = ['Observation', 'Condition', 'Patient'];
const KNOWN = [...TYPES, 'Consent', 'Encounter', 'Practitioner'];
const rules = { baseUrl: BASE, isResourceType: (type: string) => KNOWN.includes(type) };

const definitions = loadDefinitions();
const registry = createSearchRegistry(definitions);
const indexer = createIndexer(registry, definitions, { baseUrl: BASE });
const compileQuery = createScopeQueries({ registry, baseUrl: BASE, now: () => NOW, mostHops: 0, mostAlternatives: 10 });
const authors = createAuthors(registry, definitions);
const related: Related = { now: [{ type: 'Observation', id: 'x' }], ever: ['x', 'z'].map((id) => ({ type: 'Observation', id })) };
const aboutData = createAboutData(registry, {
  hasToken: createTokens(compileQuery, registry),
  authors,
  relatedTo: ({ id }) => (id === 'unknown' ? undefined : id === 'stay' ? related : { now: [], ever: [] }),
});

function consent(provision: object, more: object = {}): object {
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

function ruleOf(tree: object, id = 'c', at = NOW): ConsentRule | undefined {
  return readConsent({ id, version: 1, at }, tree, rules).rule;
}

interface Situation {
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
  const concept = (each: string) => ({ coding: [{ system: S, code: each }] });
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

function isDenied(consents: readonly object[], situation: Situation) {
  const { user, purposes = [], letter = 'r', type = 'Observation', id = 'x', byDefault } = situation;
  const isActor: Circumstances['isActor'] = ({ reference }) => (user === 'somebody' ? undefined : reference === user);
  const circumstances = { isActor, purposes, now: NOW };
  const found = consents.flatMap((each, index) => ruleOf(each, `c${index}`, NOW + index) ?? []);
  const condition = deniedBy(found, byDefault ?? 'permit', circumstances, { type, letter }, aboutData);
  return matches(condition, { type, id, at: 0, index: entriesOf(situation) });
}

const actor = (reference: string) => ({
  actor: [{ role: { coding: [{ code: 'IRCP' }] }, reference: { reference } }],
});
const klass = (...codes: string[]) => ({ class: codes.map((code) => ({ system: 'http://hl7.org/fhir/resource-types', code })) });
const label = (code: string) => ({ securityLabel: [{ system: V3, code }] });
const purpose = (code: string) => ({ purpose: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason', code }] });
const coded = (...codes: string[]) => ({ code: codes.map((code) => ({ coding: [{ system: S, code }] })) });
const of = (start?: string, end?: string) => ({ dataPeriod: { ...(start && { start }), ...(end && { end }) } });
const data = (reference: string, meaning = 'instance') => ({ data: [{ meaning, reference: { reference } }] });
const action = (code: string) => ({ action: [{ coding: [{ code }] }] });
const deny = (more: object = {}) => ({ type: 'deny', ...more });
const permit = (more: object = {}) => ({ type: 'permit', ...more });
const D = 'Practitioner/d';
const E = 'Practitioner/e';

describe('what consents deny (https://hl7.org/fhir/R4/consent.html)', () => {
  test.each<[string, readonly object[], Situation, boolean]>([
    ['no consent', [], {}, false],
    ['no consent where the default is to deny', [], { byDefault: 'deny' }, true],
    ['a denial of everything', [consent(deny())], {}, true],
    ['a permission where the default is to deny', [consent(permit())], { byDefault: 'deny' }, false],
    ['one that is not active', [consent(deny(), { status: 'inactive' })], {}, false],
    ['a draft', [consent(deny(), { status: 'draft' })], {}, false],
    ['one about research', [consent(deny(), { scope: { coding: [{ code: 'research' }] } })], {}, false],
    ['opting out', [consent({}, { policyRule: { coding: [{ code: 'OPTOUT' }] } })], {}, true],
    ['opting in', [consent({}, { policyRule: { coding: [{ code: 'OPTIN' }] } })], { byDefault: 'deny' }, false],
    ['neither', [consent({})], {}, false],
    ['the actor', [consent(deny(actor(D)))], { user: D }, true],
    ['another actor', [consent(deny(actor(D)))], { user: E }, false],
    ['somebody, nobody knows who', [consent(deny(actor(D)))], { user: 'somebody' }, true],
    ['a permission for somebody, nobody knows who', [consent(permit(actor(D)))], { user: 'somebody', byDefault: 'deny' }, true],
    ['no person', [consent(deny(actor(D)))], {}, false],
    ['an absolute reference to this server', [consent(deny(actor(`${BASE}/${D}`)))], { user: D }, true],
    ['the class', [consent(deny(klass('Condition')))], { type: 'Condition' }, true],
    ['another class', [consent(deny(klass('Condition')))], { type: 'Observation' }, false],
    ['one of two classes', [consent(deny(klass('Condition', 'Observation')))], { type: 'Observation' }, true],
    ['the purpose', [consent(deny(purpose('HRESCH')))], { purposes: ['HRESCH'] }, true],
    ['another purpose', [consent(deny(purpose('HRESCH')))], { purposes: ['TREAT'] }, false],
    ['a purpose that the token does not tell', [consent(deny(purpose('HRESCH')))], {}, true],
    ['a permission for a purpose not told', [consent(permit(purpose('TREAT')))], { byDefault: 'deny' }, true],
    ['a permission for the purpose', [consent(permit(purpose('TREAT')))], { byDefault: 'deny', purposes: ['TREAT'] }, false],
    ['before the period', [consent(deny({ period: { start: '2026-07' } }))], {}, false],
    ['in the period', [consent(deny({ period: { start: '2026-06', end: '2026-06' } }))], {}, true],
    ['after the period', [consent(deny({ period: { end: '2026-06-14' } }))], {}, false],
    ['on its last day', [consent(deny({ period: { end: '2026-06-15' } }))], {}, true],
    ['the action', [consent(deny(action('correct')))], { letter: 'u' }, true],
    ['another action', [consent(deny(action('correct')))], { letter: 'r' }, false],
    ['a denial of restricted data, restricted', [consent(deny(label('R')))], { labels: ['R'] }, true],
    ['…very restricted', [consent(deny(label('R')))], { labels: ['V'] }, true],
    ['…normal', [consent(deny(label('R')))], { labels: ['N'] }, false],
    ['…without label', [consent(deny(label('R')))], {}, false],
    ['a permission up to normal, without label', [consent(permit(label('N')))], { byDefault: 'deny' }, false],
    ['…restricted', [consent(permit(label('N')))], { byDefault: 'deny', labels: ['R'] }, true],
    ['…up to the most secret', [consent(permit(label('V')))], { byDefault: 'deny', labels: ['V'] }, false],
    ['an exception for somebody', [consent(deny({ provision: [permit(actor(D))] }))], { user: D }, false],
    ['…for another', [consent(deny({ provision: [permit(actor(D))] }))], { user: E }, true],
    [
      'an exception to the exception',
      [consent(deny({ provision: [permit({ ...actor(D), provision: [deny(klass('Condition'))] })] }))],
      { user: D, type: 'Condition' },
      true,
    ],
    [
      '…of another class',
      [consent(deny({ provision: [permit({ ...actor(D), provision: [deny(klass('Condition'))] })] }))],
      { user: D },
      false,
    ],
    ['exceptions that contradict each other', [consent(permit({ provision: [permit(), deny(klass('Observation'))] }))], {}, true],
    [
      'an exception within a root for somebody else',
      [consent(deny({ ...actor(E), provision: [deny(klass('Condition'))] }))],
      { user: D, type: 'Condition' },
      false,
    ],
    ['the code', [consent(deny(coded('x')))], { code: 'x' }, true],
    ['another code', [consent(deny(coded('x')))], { code: 'y' }, false],
    ['one of two codes', [consent(deny(coded('x', 'y')))], { code: 'y' }, true],
    ['no code', [consent(deny(coded('x')))], {}, false],
    ['the code, elsewhere in the resource', [consent(deny(coded('x')))], { category: 'x' }, true],
    ['a permission for the code', [consent(permit(coded('x')))], { byDefault: 'deny', code: 'x' }, false],
    ['…which is elsewhere in the resource', [consent(permit(coded('x')))], { byDefault: 'deny', category: 'x' }, true],
    ['…of a person', [consent(permit(coded('x')))], { byDefault: 'deny', type: 'Patient' }, true],
    ['the time of the data', [consent(deny(of('2024', '2024-06')))], { year: 2024 }, true],
    ['another time of the data', [consent(deny(of('2024', '2024-06')))], { year: 2025 }, false],
    ['data since then', [consent(deny(of('2024')))], { year: 2025 }, true],
    ['data until then', [consent(deny(of(undefined, '2023')))], { year: 2024 }, false],
    ['data of an unknown time', [consent(deny(of('2024')))], {}, true],
    ['a person, who is of no time', [consent(deny(of('2024')))], { type: 'Patient' }, false],
    ['a permission for the time', [consent(permit(of('2024', '2024')))], { byDefault: 'deny', year: 2024 }, false],
    ['…which the data overlap only', [consent(permit(of('2024-02')))], { byDefault: 'deny', year: 2024 }, true],
    ['…and data of an unknown time', [consent(permit(of('2024')))], { byDefault: 'deny' }, true],
    ['an exception within a time', [consent(permit({ ...of('2024-02'), provision: [deny(coded('x'))] }))], { year: 2024, code: 'x' }, true],
    ['the instance', [consent(deny(data('Observation/x')))], {}, true],
    ['the instance, by an absolute URL', [consent(deny(data(`${BASE}/Observation/x`)))], {}, true],
    ['another instance', [consent(deny(data('Observation/x')))], { id: 'y' }, false],
    ['one of the same id', [consent(deny(data('Observation/x')))], { type: 'Condition' }, false],
    ['what refers to the instance', [consent(deny(data('Consent/x')))], { encounter: 'Consent/x' }, false],
    ['a dependent', [consent(deny(data('Encounter/x', 'dependents')))], { encounter: 'Encounter/x' }, true],
    ['a dependent of another', [consent(deny(data('Encounter/x', 'dependents')))], { encounter: 'Encounter/y' }, false],
    ['a dependent of an instance', [consent(deny(data('Encounter/x')))], { encounter: 'Encounter/x' }, false],
    [
      'a permission for dependents',
      [consent(permit(data('Encounter/x', 'dependents')))],
      { byDefault: 'deny', encounter: 'Encounter/x' },
      false,
    ],
    ['what the instance refers to', [consent(deny(data('Encounter/stay', 'related')))], { id: 'x' }, true],
    ['…referred to in an older version', [consent(deny(data('Encounter/stay', 'related')))], { id: 'z' }, true],
    ['…never referred to', [consent(deny(data('Encounter/stay', 'related')))], { id: 'y' }, false],
    ['…of another type', [consent(deny(data('Encounter/stay', 'related')))], { id: 'x', type: 'Condition' }, false],
    ['the instance itself, with what it refers to', [consent(deny(data('Observation/y', 'related')))], { id: 'y' }, true],
    ['what refers to that instance', [consent(deny(data('Encounter/stay', 'related')))], { id: 'y', encounter: 'Encounter/stay' }, false],
    ['what an instance may refer to, nobody knows', [consent(deny(data('Encounter/unknown', 'related')))], { id: 'y' }, true],
    ['a permission for what it refers to', [consent(permit(data('Encounter/stay', 'related')))], { id: 'x', byDefault: 'deny' }, false],
    ['…referred to before', [consent(permit(data('Encounter/stay', 'related')))], { id: 'z', byDefault: 'deny' }, true],
    ['…where nobody knows', [consent(permit(data('Encounter/unknown', 'related')))], { byDefault: 'deny' }, true],
    ['the author', [consent(deny(data(D, 'authoredby')))], { author: D }, true],
    ['another author', [consent(deny(data(D, 'authoredby')))], { author: E }, false],
    ['no author', [consent(deny(data(D, 'authoredby')))], {}, false],
    ['an author who is named as the instance only', [consent(deny(data(D)))], { author: D }, false],
    ['an author whom no parameter tells', [consent(deny(data(D, 'authoredby')))], { type: 'Condition', author: E }, true],
    ['a type that nobody authors', [consent(deny(data(D, 'authoredby')))], { type: 'Patient' }, false],
    ['a permission for the author', [consent(permit(data(D, 'authoredby')))], { author: D, byDefault: 'deny' }, false],
    ['…whom no parameter tells', [consent(permit(data(D, 'authoredby')))], { type: 'Condition', author: D, byDefault: 'deny' }, true],
    ['the code and another time', [consent(deny({ ...coded('x'), ...of('2020', '2021') }))], { code: 'x', year: 2024 }, false],
    ['a newer permission', [consent(deny()), consent(permit(), { dateTime: '2026-02' })], {}, false],
    ['an older permission', [consent(deny()), consent(permit(), { dateTime: '2025' })], {}, true],
    ['a newer one for somebody else', [consent(deny()), consent(permit(actor(E)), { dateTime: '2026-02' })], { user: D }, true],
    ['a newer one of the same date', [consent(deny()), consent(permit())], {}, false],
    [
      'one dated into the future is no newer than when it was stored',
      [consent(permit(), { dateTime: '2099' }), consent(deny(), { dateTime: '2098' })],
      {},
      true,
    ],
  ])('%s', (_name, consents, situation, expected) => expect(isDenied(consents, situation)).toBe(expected));
});

describe('what this server can not enforce', () => {
  const problems = (tree: object) =>
    readConsent({ id: 'c', version: 1, at: NOW }, tree, { ...rules, untoldAuthors: authors.untold }).problems.map(({ element }) => element);
  test.each<[object, readonly string[]]>([
    [consent(deny()), []],
    [consent(deny({ code: [{ text: 'x' }] })), ['Consent.provision.code[0]']],
    [consent(deny({ code: [{ coding: [{ system: S, code: 'x' }, { code: 'x' }] }] })), ['Consent.provision.code[0]']],
    [consent(deny(coded(...Array.from({ length: 101 }, () => 'x')))), ['Consent.provision.code']],
    [consent(deny(of())), ['Consent.provision.dataPeriod']],
    [consent(deny({ data: [{}] })), ['Consent.provision.data[0].meaning']],
    [consent(deny(data('Observation/x', 'related'))), []],
    [consent(deny(data(D, 'other'))), ['Consent.provision.data[0].meaning']],
    [consent(deny(data(D, 'authoredby'))), ['Consent.provision.data[0].meaning']],
    [consent(deny({ ...data(D, 'authoredby'), ...klass('Condition') })), ['Consent.provision.data[0].meaning']],
    [consent(deny({ ...data(D, 'authoredby'), ...klass('Observation') })), []],
    [consent(deny({ ...klass('Observation'), provision: [permit(data(D, 'authoredby'))] })), []],
    [consent(permit({ provision: [deny(data(D, 'authoredby'))] })), ['Consent.provision.provision[0].data[0].meaning']],
    [consent(deny(data('https://other/fhir/Observation/x'))), ['Consent.provision.data[0].reference']],
    [consent(deny(data('urn:uuid:0'))), ['Consent.provision.data[0].reference']],
    [consent(deny(actor('Device/1'))), ['Consent.provision.actor[0]']],
    [consent(deny({ actor: [{ role: { coding: [{ code: 'AUT' }] }, reference: { reference: D } }] })), ['Consent.provision.actor[0]']],
    [consent(deny({ class: [{ system: 'urn:ietf:bcp:13', code: 'application/cda' }] })), ['Consent.provision.class[0]']],
    [consent(deny({ purpose: [{ system: 'http://other', code: 'x' }] })), ['Consent.provision.purpose[0]']],
    [consent(deny({ provision: [{ ...klass('Patient') }] })), ['Consent.provision.provision[0].type']],
    [consent(deny(), { patient: { display: 'somebody' } }), ['Consent.patient']],
    [consent(deny({ code: [{}] }), { status: 'draft' }), []],
  ])('%j', (tree, expected) => expect(problems(tree)).toEqual(expected));

  test('a denial of it holds without the condition, a permission does not hold', () => {
    expect(isDenied([consent(deny({ ...klass('Condition'), code: [{ text: 'x' }] }))], {})).toBe(true);
    expect(isDenied([consent(permit({ code: [{ text: 'x' }] }))], { byDefault: 'deny' })).toBe(true);
    expect(isDenied([consent(permit({ code: [{}], provision: [permit({ provision: [deny(klass('Observation'))] })] }))], {})).toBe(true);
  });
});

/** The rules once more, on one resource and without expressions. */
function decide(provision: Provision, about: Required<Omit<Situation, 'byDefault' | 'user'>> & { user: string }): Decision | undefined {
  const { actors, letters, types, labels, purposes, period, codes, dataTime, data: named } = provision;
  if (period && !(period.from <= NOW && NOW <= period.until)) return undefined;
  if (actors && about.user !== 'somebody' && actors.every(({ reference }) => reference !== about.user)) return undefined;
  if (letters && !letters.includes(about.letter)) return undefined;
  if (types && !types.includes(about.type)) return undefined;
  if (purposes && about.purposes.length > 0 && !purposes.some((each) => about.purposes.includes(each))) return undefined;
  const isUnsure = (purposes !== undefined && about.purposes.length === 0) || (actors !== undefined && about.user === 'somebody');
  const order = ['U', 'L', 'M', 'N', 'R', 'V'];
  const worn = about.labels.map((each) => order.indexOf(each));
  const fits = ({ code }: { code: string }) =>
    provision.decision === 'deny'
      ? worn.some((level) => level >= order.indexOf(code))
      : worn.every((level) => level <= order.indexOf(code));
  if (labels && !labels.some(fits)) return undefined;
  const isPerson = about.type === 'Patient';
  const has = (code: string) => codes?.some((each) => each.code === code);
  if (codes && (isPerson || !(has(about.code) || has(about.category)))) return undefined;
  const [from, until] = [Date.UTC(about.year, 0), Date.UTC(about.year + 1, 0) - 1];
  const isUndated = about.year === 0;
  if (dataTime && (isPerson || (!isUndated && (until < dataTime.from || from > dataTime.until)))) return undefined;
  const isNamed = (isCertain: boolean) =>
    named?.some(({ type, id, meaning }) => {
      if (meaning === 'authoredby')
        return about.type === 'Observation' ? about.author === `${type}/${id}` : about.type === 'Condition' && !isCertain;
      if (type === about.type && id === about.id) return true;
      if (meaning === 'dependents') return !isPerson && about.encounter === `${type}/${id}`;
      if (meaning !== 'related') return false;
      if (id === 'unknown') return !isCertain;
      return about.type === 'Observation' && (isCertain ? ['x'] : ['x', 'z']).includes(about.id);
    });
  if (named && !isNamed(false)) return undefined;
  const isOnlyPossible =
    (named && !isNamed(true)) ||
    (codes !== undefined && !has(about.code)) ||
    (dataTime !== undefined && (isUndated || from < dataTime.from || until > dataTime.until));
  const nested = provision.nested.map((each) => decide(each, about));
  const decision = nested.includes('deny') ? 'deny' : nested.includes('permit') ? 'permit' : provision.decision;
  return (isUnsure || isOnlyPossible) && decision === 'permit' ? undefined : decision;
}

const USERS = [D, E, 'Practitioner/f'];
const PURPOSES = ['TREAT', 'HRESCH'];

function randomProvision(dice: Dice, depth: number): object {
  const some = <T extends object>(probability: number, made: () => T) => (dice.chance(probability) ? made() : {});
  return {
    type: dice.pick(['permit', 'deny']),
    ...some(0.4, () => actor(dice.pick(USERS))),
    ...some(0.4, () => klass(...dice.some(TYPES, 0.5), dice.pick(TYPES))),
    ...some(0.3, () => label(dice.pick(['N', 'R', 'V', 'L']))),
    ...some(0.3, () => purpose(dice.pick(PURPOSES))),
    ...some(0.2, () => action(dice.pick(['access', 'collect', 'correct']))),
    ...some(0.2, () => ({ period: { start: dice.pick(['2020', '2026-06-15', '2027']) } })),
    ...some(0.2, () => coded(...dice.some(['x', 'y'], 0.4), dice.pick(['x', 'y']))),
    ...some(0.2, () => of(...dice.pick<[string?, string?]>([['2024'], [undefined, '2024'], ['2024', '2024'], ['2024-03', '2025-03']]))),
    ...some(0.2, () =>
      data(
        ...dice.pick<[string, string]>([
          ['Observation/x', 'instance'],
          ['Encounter/e', 'dependents'],
          ['Encounter/stay', 'related'],
          ['Encounter/unknown', 'related'],
          [D, 'authoredby'],
        ]),
      ),
    ),
    ...some(depth > 0 ? 0.6 : 0, () => ({
      provision: [randomProvision(dice, depth - 1), ...dice.times(1, () => randomProvision(dice, depth - 1))],
    })),
  };
}

test('4,000 random sets of consents, against the rules applied to one resource', () => {
  const seed = seedFrom('CONSENT_SEED');
  const dice = createDice(seed);
  for (let i = 0; i < 4_000; i++) {
    const consents = [
      consent(randomProvision(dice, 2)),
      ...dice.times(2, () => consent(randomProvision(dice, 2), { dateTime: dice.pick(['2025', '2026-03', '2099']) })),
    ];
    const about = {
      user: dice.pick([...USERS, 'somebody']),
      purposes: dice.chance(0.6) ? [dice.pick(PURPOSES)] : [],
      letter: dice.pick(['c', 'r', 'u', 'd', 's'] as const),
      type: dice.pick(TYPES),
      labels: dice.chance(0.6) ? [dice.pick(['N', 'R', 'V'])] : [],
      code: dice.pick(['', 'x', 'y']),
      category: dice.pick(['', 'x', 'y']),
      year: dice.pick([0, 2023, 2024, 2025]),
      id: dice.pick(['x', 'y', 'z']),
      encounter: dice.pick(['', 'Encounter/e', 'Encounter/f']),
      author: dice.pick(['', D, E]),
    };
    const byDefault = dice.pick(['permit', 'deny'] as const);
    const newestFirst = consents
      .map((each, index) => ruleOf(each, `c${index}`, NOW + index) as ConsentRule)
      .sort((a, b) => b.at - a.at || b.updated - a.updated);
    const decisions = newestFirst.map(({ root }) => decide(root, about));
    const expected = (decisions.find(Boolean) ?? byDefault) === 'deny';
    expect(isDenied(consents, { ...about, byDefault }), `CONSENT_SEED=${seed} ${i} ${JSON.stringify({ consents, about, byDefault })}`).toBe(
      expected,
    );
  }
});
