/** De-identified records: the Synthea patients and generated ones hold nothing that tells whose they are. */
import { randomBytes, randomInt } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { readSynthea } from '../../tests/support/synthea.ts';
import { loadDefinitions } from '../definitions/load.ts';
import { createDeidentifier, OR_EARLIER } from './deidentify.ts';
import { createPseudonyms } from './pseudonym.ts';

const deidentifier = createDeidentifier(loadDefinitions());
const key = new Uint8Array(32).fill(7);
const now = Date.UTC(2026, 5, 1);

// biome-ignore lint/suspicious/noExplicitAny: resources of every type
type Any = any;

function deidentified(resources: readonly Any[], set = 'study', at = now) {
  const patient = resources.find(({ resourceType }) => resourceType === 'Patient');
  const record = { patient: JSON.stringify(patient), resources: resources.map((each) => JSON.stringify(each)), now: at };
  const made = deidentifier.deidentify({ ...record, pseudonymise: createPseudonyms(key, set), baseUrl: 'http://localhost/fhir/R4' });
  return { ...made, text: JSON.stringify(made.resources), resources: JSON.parse(JSON.stringify(made.resources)) as Any[] };
}

/** Every string in a tree with the name of its member and its parent. */
function* stringsIn(value: Any, name = '', parent: Any = undefined): Generator<{ text: string; name: string; parent: Any }> {
  if (typeof value === 'string') yield { text: value, name, parent };
  else if (typeof value === 'object' && value !== null)
    for (const [each, inner] of Object.entries(value))
      yield* stringsIn(inner, Array.isArray(value) ? name : each, Array.isArray(value) ? parent : value);
}

/** What identifies: names, contacts, addresses below the state, identifiers, ids, full dates, free text. */
function identifiersIn(resources: readonly Any[]): Set<string> {
  const found = new Set<string>();
  const patient = resources.find(({ resourceType }) => resourceType === 'Patient');
  const add = (text: unknown) => typeof text === 'string' && text.length >= 5 && found.add(text);
  for (const { family, given = [] } of patient.name ?? []) [family, ...given].forEach(add);
  for (const { value } of [...(patient.telecom ?? []), ...(patient.identifier ?? [])]) add(value);
  for (const { line = [], city, postalCode } of patient.address ?? []) [...line, city, postalCode].forEach(add);
  for (const resource of resources) {
    for (const { text, name } of stringsIn(resource)) {
      if (/^\d{4}-\d\d/.test(text) || name === 'id' || name === 'div' || name === 'display' || name === 'data') add(text);
    }
    for (const { value } of Array.isArray(resource.identifier) ? resource.identifier : []) add(value);
  }
  return found;
}

/** What the output says apart from the words of code systems. */
function saidIn(resources: readonly Any[]): string {
  const said: string[] = [];
  for (const { text, name, parent } of stringsIn(resources))
    if (name !== 'system' && name !== 'resourceType' && !(name === 'code' && parent?.system)) said.push(text);
  return said
    .join('\n')
    .replaceAll(/\b[A-Z][A-Za-z]+\//g, '')
    .toLowerCase();
}

const CODES = new Set(['active', 'final', 'completed', 'finished', 'patient', 'resolved', 'confirmed', 'order', 'male', 'female']);

function expectNothingOf(resources: readonly Any[], made: ReturnType<typeof deidentified>): void {
  const said = saidIn(made.resources);
  const patient = resources.find(({ resourceType }) => resourceType === 'Patient');
  for (const value of identifiersIn(resources)) {
    if (!CODES.has(value)) expect(said.includes(value.toLowerCase()), value).toBe(false);
  }
  for (const value of identifiersIn([patient])) {
    const lower = value.toLowerCase();
    for (let at = 0; at + 5 <= lower.length; at++) {
      const part = lower.slice(at, at + 5);
      // "2020-" and the like say a year, which is allowed.
      if (!/^\d{4}-$/.test(part)) expect(said.includes(part), `${part} of ${value}`).toBe(false);
    }
  }
}

describe('a de-identified record', () => {
  const bundles = readSynthea().filter(({ type }) => type === 'transaction');

  test.each(bundles.map(({ name, text }) => [name, text] as const))('of %s holds no identifier', (_name, text) => {
    const resources = (JSON.parse(text) as Any).entry.map(({ resource }: Any) => resource);
    const made = deidentified(resources);
    expect(made.resources.length).toBeGreaterThan(resources.length / 3);
    expect(made.resources.every(({ meta }) => meta.security[0].code === 'PSEUDED')).toBe(true);
    expectNothingOf(resources, made);
  });

  test('of 200 generated people holds no identifier, wherever it stands', () => {
    const seed = randomInt(1e9);
    const bytes = () => randomBytes(12).toString('hex');
    for (let n = 0; n < 200; n++) {
      const secret = `Zqx${bytes()}`;
      const phone = `555-${randomInt(1e6, 1e7)}`;
      const day = `19${randomInt(10, 99)}-0${randomInt(1, 9)}-1${randomInt(0, 9)}`;
      const everywhere = {
        id: secret,
        extension: [{ url: `urn:${secret}`, valueString: secret }],
        modifierExtension: [{ url: secret, valueDate: day }],
      };
      const concept = {
        ...everywhere,
        text: secret,
        coding: [
          { system: `urn:${secret}`, code: secret, display: secret },
          { system: 'http://loinc.org', code: '8302-2', display: secret, version: secret },
          { system: 'http://loinc.org', code: phone },
        ],
      };
      const patient = {
        resourceType: 'Patient',
        ...everywhere,
        text: { status: 'generated', div: `<div>${secret}</div>` },
        contained: [{ resourceType: 'Practitioner', id: 'p', name: [{ text: secret }] }],
        name: [{ family: secret }],
        telecom: [{ value: phone }],
        birthDate: day,
        _birthDate: everywhere,
        unknown: secret,
        photo: [{ data: secret }],
        address: [
          {
            ...everywhere,
            line: [secret],
            city: secret,
            state: n % 2 ? 'MA' : secret,
            postalCode: n % 3 ? '02139' : secret,
            country: n % 5 ? 'US' : secret,
          },
        ],
        maritalStatus: concept,
        generalPractitioner: [
          { reference: `Practitioner/${secret}`, display: secret, identifier: { value: secret } },
          { reference: `https://elsewhere/${secret}` },
          { reference: '#p' },
        ],
      };
      const observation = {
        resourceType: 'Observation',
        ...everywhere,
        status: 'final',
        code: concept,
        subject: { reference: `Patient/${secret}`, display: secret },
        effectiveDateTime: `${day}T10:00:00Z`,
        issued: `${day}T10:00:00Z`,
        valueQuantity: { value: 5, unit: secret, system: 'http://unitsofmeasure.org', code: `{${secret}}` },
        note: [{ text: secret }],
        component: [
          { ...everywhere, code: concept, valueString: secret },
          { code: concept, valueQuantity: { value: 1, unit: secret } },
        ],
      };
      const other = { resourceType: 'Basic', id: secret, code: concept };
      const made = deidentified([patient, observation, other]);
      expect(made.leftOut).toEqual(new Map([['Basic', 1]]));
      for (const value of [secret, secret.toLowerCase(), phone, day, '02139'])
        expect(made.text.includes(value), `seed ${seed}: ${value}`).toBe(false);
    }
  });

  test('keeps what medicine needs', () => {
    const { resources } = deidentified([
      {
        resourceType: 'Patient',
        id: 'p',
        gender: 'female',
        birthDate: '1980-05-03',
        address: [{ city: 'Cambridge', state: 'Massachusetts', postalCode: '02139-1234', country: 'US' }],
      },
      {
        resourceType: 'Observation',
        id: 'o',
        status: 'final',
        code: { coding: [{ system: 'http://loinc.org', code: '8302-2', display: 'Height' }] },
        subject: { reference: 'http://localhost/fhir/R4/Patient/p/_history/2' },
        effectivePeriod: { start: '2020-03-04', end: '2021-01-01T00:00:00Z' },
        valueQuantity: { value: 1.8, unit: 'm', system: 'http://unitsofmeasure.org', code: 'm' },
      },
    ]);
    const [patient, observation] = resources;
    expect(patient).toMatchObject({ gender: 'female', birthDate: '1980', address: [{ state: 'MA', postalCode: '021', country: 'US' }] });
    expect(observation).toMatchObject({
      status: 'final',
      code: { coding: [{ system: 'http://loinc.org', code: '8302-2' }] },
      effectivePeriod: { start: '2020', end: '2021' },
      valueQuantity: { value: 1.8, code: 'm' },
    });
    expect(observation.subject.reference).toBe(`Patient/${patient.id}`);
  });

  test.each([
    ['03601', '000'],
    ['20500', '000'],
    ['82101', '000'],
    ['36912', '000'],
    ['10001', '100'],
    ['1234', undefined],
  ])('the ZIP code %s is %s', (postalCode, expected) => {
    const [patient] = deidentified([{ resourceType: 'Patient', id: 'p', address: [{ country: 'US', postalCode }] }]).resources;
    expect(patient.address[0].postalCode).toBe(expected);
  });

  test.each([
    ['1900-01-01', undefined, '1936', true],
    ['1936-12-31', undefined, '1936', true],
    ['1937-01-01', undefined, '1937', false],
    ['1900-01-01', '1995-01-01', '1905', true],
    ['1920-01-01', '1980-01-01', '1920', false],
  ])('born %s, dead %s: born %s', (birthDate, deceasedDateTime, expected, isOrEarlier) => {
    const [patient] = deidentified([{ resourceType: 'Patient', id: 'p', birthDate, deceasedDateTime }]).resources;
    expect(patient.birthDate).toBe(expected);
    expect(patient._birthDate?.extension[0].url).toBe(isOrEarlier ? OR_EARLIER : undefined);
  });

  test('no date and no amount tells an age over 89', () => {
    const age = (value: number, code: string) => ({ value, unit: code, system: 'http://unitsofmeasure.org', code });
    const condition = (id: string, more: object) => ({ resourceType: 'Condition', id, subject: { reference: 'Patient/p' }, ...more });
    const { resources } = deidentified([
      { resourceType: 'Patient', id: 'p', birthDate: '1920-01-01' },
      condition('a', { onsetDateTime: '1930-02-01', recordedDate: '2020-01-01' }),
      condition('b', { onsetAge: age(97, 'a') }),
      condition('c', { onsetAge: age(1200, 'mo') }),
      condition('d', { onsetAge: age(50, 'a') }),
    ]);
    const onsets = resources.slice(1).map(({ onsetDateTime, onsetAge }) => onsetDateTime ?? onsetAge?.value);
    expect(onsets.sort()).toEqual([50, 90, 90, undefined]);
    expect(JSON.stringify(resources)).not.toMatch(/19[23]0|97|1200/);
  });
});

describe('pseudonyms', () => {
  test('link within a set and nowhere else', () => {
    const [a, b, c] = [createPseudonyms(key, 'one'), createPseudonyms(key, 'one'), createPseudonyms(key, 'two')];
    const d = createPseudonyms(new Uint8Array(32), 'one');
    expect(a('Patient', '1')).toBe(b('Patient', '1'));
    expect(new Set([a('Patient', '1'), c('Patient', '1'), d('Patient', '1'), a('Patient', '2'), a('Person', '1')]).size).toBe(5);
    expect(a('Patient', '1')).toMatch(/^[bcdfghjklmnpqrstvwxz]{30}$/);
  });
});
