import { describe, expect, test } from 'vitest';
import {
  actor,
  authors,
  coded,
  consent,
  DOCTOR,
  data,
  deny,
  isDenied,
  klass,
  LOINC,
  NOW,
  of,
  permit,
  rules,
} from '../../../tests/support/consents.ts';
import { readConsent } from './read-consent.ts';

describe('what this server can not enforce', () => {
  const problems = (tree: object) =>
    readConsent({ id: 'c', version: 1, at: NOW }, tree, { ...rules, untoldAuthors: authors.untold }).problems.map(({ element }) => element);
  test.each<[object, readonly string[]]>([
    [consent(deny()), []],
    [consent(deny({ code: [{ text: 'x' }] })), ['Consent.provision.code[0]']],
    [consent(deny({ code: [{ coding: [{ system: LOINC, code: 'x' }, { code: 'x' }] }] })), ['Consent.provision.code[0]']],
    [consent(deny(coded(...Array.from({ length: 101 }, () => 'x')))), ['Consent.provision.code']],
    [consent(deny(of())), ['Consent.provision.dataPeriod']],
    [consent(deny({ data: [{}] })), ['Consent.provision.data[0].meaning']],
    [consent(deny(data('Observation/x', 'related'))), []],
    [consent(deny(data(DOCTOR, 'other'))), ['Consent.provision.data[0].meaning']],
    [consent(deny(data(DOCTOR, 'authoredby'))), ['Consent.provision.data[0].meaning']],
    [consent(deny({ ...data(DOCTOR, 'authoredby'), ...klass('Condition') })), ['Consent.provision.data[0].meaning']],
    [consent(deny({ ...data(DOCTOR, 'authoredby'), ...klass('Observation') })), []],
    [consent(deny({ ...klass('Observation'), provision: [permit(data(DOCTOR, 'authoredby'))] })), []],
    [consent(permit({ provision: [deny(data(DOCTOR, 'authoredby'))] })), ['Consent.provision.provision[0].data[0].meaning']],
    [consent(deny(data('https://other/fhir/Observation/x'))), ['Consent.provision.data[0].reference']],
    [consent(deny(data('urn:uuid:0'))), ['Consent.provision.data[0].reference']],
    [consent(deny(actor('Device/1'))), ['Consent.provision.actor[0]']],
    [consent(deny({ actor: [{ role: { coding: [{ code: 'AUT' }] }, reference: { reference: DOCTOR } }] })), ['Consent.provision.actor[0]']],
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
