import { describe, expect, test } from 'vitest';
import { loadDefinitions } from '../../definitions/load.ts';
import { createIndexer } from './indexer.ts';
import { createSearchRegistry } from './registry.ts';

const definitions = loadDefinitions();
const registry = createSearchRegistry(definitions);
const indexer = createIndexer(registry, definitions, { baseUrl: 'http://here/fhir/R4/' });
const entriesOf = (resource: { resourceType: string; [name: string]: unknown }) =>
  indexer.entries(resource, { type: resource.resourceType, id: '1' });
const of = (list: readonly string[], key: string) => list.filter((entry) => entry.startsWith(key));

describe('index entries: https://hl7.org/fhir/R4/search.html', () => {
  test('an Observation', () => {
    const coding = { system: 'http://loinc.org', code: '8867-4' };
    const index = entriesOf({
      resourceType: 'Observation',
      status: 'final',
      code: { coding: [coding, coding] },
      subject: { reference: 'http://here/fhir/R4/Patient/p' },
      effectiveDateTime: '2024-02',
      valueQuantity: { value: 5.4, unit: 'mmHg', system: 'http://unitsofmeasure.org', code: 'mm[Hg]' },
    });
    expect(index).toEqual({
      patients: ['Patient/p'],
      s: [
        'Observation.code^http://loinc.org|8867-4',
        'Observation.code~8867-4',
        'Observation.status~final',
        'Observation.subject=Patient/p',
      ],
      r: [
        { k: '*Observation.value-quantity', lo: 5.4, hi: 5.4 },
        { k: 'Observation.value-quantity|=|-1,-2,1,0,0,0,0,0', lo: 719938.8, hi: 719938.8 },
        { k: '*Observation.value-quantity||mmHg', lo: 5.4, hi: 5.4 },
        { k: 'Observation.date', lo: Date.UTC(2024, 1), hi: Date.UTC(2024, 2) - 1 },
      ].sort((a, b) => index.r.findIndex((r) => r.k === a.k) - index.r.findIndex((r) => r.k === b.k)),
      pc: ['Patient/p|code~8867-4'],
      d: Date.UTC(2024, 1),
      o: {
        code: { min: '8867-4', max: '8867-4' },
        status: { min: 'final', max: 'final' },
        'value-quantity': { min: 5.4, max: 5.4, unit: 'http://unitsofmeasure.org|mm[Hg]' },
        date: { min: Date.UTC(2024, 1), max: Date.UTC(2024, 1) },
      },
    });
  });

  test('tokens: codes without case, identifiers with, telephone numbers without punctuation', () => {
    const { s } = entriesOf({
      resourceType: 'Patient',
      identifier: [{ system: 'urn:a', value: 'Xy' }, { value: 'Z|1' }],
      telecom: [
        { system: 'phone', value: '+1 (555) 12-34' },
        { system: 'email', value: 'A-b@X.org' },
      ],
      maritalStatus: { coding: [{ system: 'urn:s', code: 'M' }] },
      gender: 'female',
    });
    expect(of(s, 'Patient.identifier')).toEqual([
      'Patient.identifier^urn:a|Xy',
      'Patient.identifier^|Z|1',
      'Patient.identifier~Xy',
      'Patient.identifier~Z|1',
    ]);
    expect(of(s, 'Patient.telecom')).toEqual(['Patient.telecom~+15551234', 'Patient.telecom~a-b@x.org']);
    expect(of(s, 'Patient.gender')).toEqual(['Patient.gender~female']);
    expect(of(s, 'Patient.deceased')).toEqual(['Patient.deceased~false']);
  });

  test('strings: folded, with the exact text behind U+001F; long ones cut', () => {
    const long = 'É'.repeat(300);
    const { s } = entriesOf({ resourceType: 'Patient', name: [{ family: 'Müller\u0001', given: ['zoe', long] }] });
    expect(of(s, 'Patient.family')).toEqual(['Patient.family=muller \u001fMüller ']);
    const [cut, plain] = of(s, 'Patient.given');
    expect(plain).toBe('Patient.given=zoe\u001f');
    expect(cut?.split('\u001f')[0]).toMatch(/^Patient\.given=e{256}#[0-9a-f]{16}$/);
    expect(cut?.split('\u001f')[1]).toMatch(/^É{256}#[0-9a-f]{16}$/);
    expect(of(s, 'Patient.phonetic')).toEqual([]);
  });

  test('references: local ones relative, foreign ones by type, versioned ones both ways, contained ones not', () => {
    const performer = ['Practitioner/1/_history/2', 'https://other/fhir/Patient/9', 'urn:uuid:0', '#c'].map((reference) => ({ reference }));
    const { s, patients } = entriesOf({ resourceType: 'Observation', performer, subject: { reference: 'Group/1' } });
    expect(of(s, 'Observation.performer')).toEqual([
      'Observation.performer=Patient/9@https://other/fhir',
      'Observation.performer=Practitioner/1',
      'Observation.performer=Practitioner/1/_history/2',
      'Observation.performer=urn:uuid:0',
    ]);
    expect(patients).toEqual([]);
  });

  test('dates: open periods, timings by their outer limits', () => {
    const range = (resource: { resourceType: string; [name: string]: unknown }) => entriesOf(resource).r[0];
    const [from, to] = [Date.UTC(2024, 0), Date.UTC(2025, 0) - 1];
    expect(range({ resourceType: 'Encounter', period: { start: '2024' } })).toEqual({ k: 'Encounter.date', lo: from, hi: 8.64e15 });
    expect(range({ resourceType: 'Encounter', period: { end: '2024' } })).toEqual({ k: 'Encounter.date', lo: -8.64e15, hi: to });
    expect(entriesOf({ resourceType: 'Encounter', period: { end: '2024' } }).d).toBeNull();
    const timing = { event: ['2024-06', '2024-01-01'], repeat: { boundsPeriod: { start: '2024-03', end: '2024' } } };
    expect(range({ resourceType: 'Observation', effectiveTiming: timing })).toEqual({ k: 'Observation.date', lo: from, hi: to });
  });

  test('patients: the home patient first, a Patient in its own compartment', () => {
    const reference = (id: string) => ({ reference: `Patient/${id}` });
    const observation = { resourceType: 'Observation', performer: [reference('a'), reference('b')], subject: reference('b') };
    expect(entriesOf(observation).patients).toEqual(['Patient/b', 'Patient/a']);
    const coverage = { resourceType: 'Coverage', payor: [reference('a')], policyHolder: reference('c'), beneficiary: reference('b') };
    expect(entriesOf(coverage).patients).toEqual(['Patient/b', 'Patient/c', 'Patient/a']);
    const patient = { resourceType: 'Patient', link: [{ other: reference('2') }] };
    expect(entriesOf(patient).patients).toEqual(['Patient/1', 'Patient/2']);
    expect(entriesOf({ resourceType: 'Organization' }).patients).toEqual([]);
  });

  test('values of the wrong shape have no entries', () => {
    const broken = {
      resourceType: 'Observation',
      code: 'x',
      subject: [null, 7],
      effectivePeriod: 'x',
      component: [{ valueQuantity: [] }],
      category: {},
    };
    expect(entriesOf(broken)).toMatchObject({ s: [], r: [], patients: [] });
  });

  test('a parameter that repeats others has no entries of its own', () => {
    expect(registry.parameter('Observation', 'combo-code')?.storedAs).toEqual([{ code: 'code' }, { code: 'component-code' }]);
    expect(registry.parameter('Observation', 'patient')?.storedAs).toEqual([{ code: 'subject', target: 'Patient' }]);
    expect(registry.parameter('Patient', 'phonetic')?.storedAs).toEqual([{ code: 'name' }]);
    expect(registry.parameter('Encounter', 'subject')?.storedAs).toEqual([{ code: 'subject' }]);
  });
});

describe('the entries of some parameters alone', () => {
  test.each([
    [['subject'], ['Observation.subject=Patient/1']],
    [
      ['subject', 'encounter'],
      ['Observation.encounter=Encounter/2', 'Observation.subject=Patient/1'],
    ],
    [['code'], ['Observation.code^|x', 'Observation.code~x']],
    [['patient', 'nothing'], []],
  ])('%j are those that all of its entries hold for them', (codes, expected) => {
    const resource = {
      resourceType: 'Observation',
      subject: { reference: 'Patient/1' },
      encounter: { reference: 'Encounter/2' },
      code: { coding: [{ code: 'x' }] },
    };
    const key = { type: 'Observation', id: '1' };
    const { s } = indexer.entries(resource, key);
    const alone = indexer.entriesOf(new Set(codes), resource, key);
    expect(alone).toEqual(s.filter((entry) => codes.some((code) => new RegExp(`^Observation\\.${code}[=~^]`).test(entry))));
    expect(alone).toEqual(expected);
  });
});
