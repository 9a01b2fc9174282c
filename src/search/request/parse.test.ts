import { describe, expect, test } from 'vitest';
import { loadDefinitions } from '../../definitions/load.ts';
import { FhirError } from '../../model/error.ts';
import type { ResourceKey } from '../../model/resource.ts';
import { matches } from '../expression/match.ts';
import { createIndexer } from '../parameters/indexer.ts';
import { createSearchRegistry } from '../parameters/registry.ts';
import type { SearchContext } from './parse.ts';
import { parseSearch } from './parse.ts';

const definitions = loadDefinitions();
const registry = createSearchRegistry(definitions);
const baseUrl = 'http://here/fhir';
const indexer = createIndexer(registry, definitions, { baseUrl });
const context: SearchContext = { registry, baseUrl, handling: 'strict', now: () => Date.UTC(2024, 0) };

const pairsOf = (query: string): [string, string][] => [...new URLSearchParams(query)];
const parse = (query: string, types: string | readonly string[] = 'Observation', over: Partial<SearchContext> = {}) =>
  parseSearch(pairsOf(query), typeof types === 'string' ? [types] : types, { ...context, ...over });

type Resource = { readonly resourceType: string; readonly id?: string; readonly [name: string]: unknown };

/** True if the query finds the resource: the whole way from query text and resource to the answer. */
function finds(query: string, resource: Resource, at = 0): boolean {
  const key: ResourceKey = { type: resource.resourceType, id: resource.id ?? '1' };
  return matches(parse(query, resource.resourceType).where, { ...key, at, index: indexer.entries(resource, key) });
}

function refusal(query: string, types?: string | readonly string[]): FhirError {
  try {
    parse(query, types);
  } catch (error) {
    if (error instanceof FhirError) return error;
    throw error;
  }
  throw new Error(`"${query}" was not refused`);
}

const observation = (rest: object): Resource => ({ resourceType: 'Observation', ...rest });
const coded = (...codings: object[]) => observation({ code: { coding: codings }, status: 'final' });
const loinc = { system: 'http://loinc.org', code: '8867-4' };

describe('token: https://hl7.org/fhir/R4/search.html#token', () => {
  test.each([
    ['code=http://loinc.org|8867-4', [loinc], true],
    ['code=8867-4', [loinc], true],
    ['code=http://loinc.org|', [loinc], true],
    ['code=|8867-4', [loinc], false],
    ['code=|8867-4', [{ code: '8867-4' }], true],
    ['code=http://loinc.or|8867-4', [loinc], false],
    ['code=http://loinc.or|', [loinc], false],
    ['code=8867', [loinc], false],
    ['code=1,8867-4', [loinc], true],
    ['code:not=8867-4', [loinc, { code: 'x' }], false],
    ['code:not=x,y', [loinc], true],
    ['code:not=x', [], true],
    ['code=ABC', [{ code: 'abc' }], true],
    ['code=a\\,b', [{ code: 'a,b' }], true],
    ['code=a\\,b', [{ code: 'a' }], false],
    ['code=s|a\\|b', [{ system: 's', code: 'a|b' }], true],
    ['code:missing=true', [], true],
    ['code:missing=false', [], false],
    ['code:missing=false', [loinc], true],
    ['combo-code=8867-4', [loinc], true],
    ['status=final', [], true],
    ['status=|final', [], true],
    ['status=http://hl7.org/fhir/observation-status|final', [], true],
    ['status=http://example.org|final', [], false],
    ['status:not=final', [], false],
  ])('%s on %j: %s', (query, codings, expected) => {
    expect(finds(query, coded(...codings))).toBe(expected);
  });

  test('component-code finds a component, code does not', () => {
    const resource = observation({ component: [{ code: { coding: [loinc] } }] });
    expect([finds('component-code=8867-4', resource), finds('combo-code=8867-4', resource), finds('code=8867-4', resource)]).toEqual([
      true,
      true,
      false,
    ]);
  });

  test('identifiers are case sensitive, telephone numbers have no punctuation', () => {
    const patient = {
      resourceType: 'Patient',
      identifier: [{ system: 'urn:a', value: 'Xy' }],
      telecom: [{ system: 'phone', value: '(555) 12-34' }],
    };
    const queries = ['identifier=urn:a|Xy', 'identifier=Xy', 'identifier=urn:a|', 'phone=5551234', 'telecom=555-1234'];
    for (const query of queries) expect(finds(query, patient), query).toBe(true);
    for (const query of ['identifier=urn:a|xy', 'identifier=|Xy', 'phone=555123', 'active=true'])
      expect(finds(query, patient), query).toBe(false);
  });

  test('US Core race keeps its system', () => {
    const coding = { url: 'ombCategory', valueCoding: { system: 'urn:oid:2.16.840.1.113883.6.238', code: '2106-3' } };
    const extension = [{ url: 'http://hl7.org/fhir/us/core/StructureDefinition/us-core-race', extension: [coding] }];
    expect(finds('race=urn:oid:2.16.840.1.113883.6.238|2106-3', { resourceType: 'Patient', extension })).toBe(true);
  });
});

describe('string: https://hl7.org/fhir/R4/search.html#string', () => {
  const patient = {
    resourceType: 'Patient',
    name: [{ family: 'Carreno Quiñones', given: ['Émile', '50%_x'] }],
    address: [{ city: 'Köln' }],
  };
  test.each([
    ['family=carreno', true],
    ['family=CARRENO QUIN', true],
    ['family=quinones', false],
    ['family:exact=Carreno Quiñones', true],
    ['family:exact=carreno quiñones', false],
    ['family:exact=Carreno', false],
    ['name=emi', true],
    ['name=50%', true],
    ['name=50a', false],
    ['given=50%25_', true],
    ['phonetic=emile', true],
    ['address=koln', true],
    ['address-city=köl', true],
    ['family:missing=false', true],
    ['address-country:missing=true', true],
    ['name=x,emile', true],
  ])('%s: %s', (query, expected) => {
    expect(finds(query.replace('50%', '50%25').replace('%2525', '%25'), patient)).toBe(expected);
  });
});

describe('date: https://hl7.org/fhir/R4/search.html#date', () => {
  const at = (effective: object) => observation(effective);
  const day = at({ effectiveDateTime: '2024-03-10' });
  const year = at({ effectiveDateTime: '2024' });
  const open = at({ effectivePeriod: { start: '2024-03-10' } });
  const period = at({ effectivePeriod: { start: '2024-03-10', end: '2024-04-20' } });
  test.each([
    ['2024-03-10', [day]],
    ['2024-03', [day]],
    ['2024', [day, year, period]],
    ['2024-03-10T00:00', []],
    ['ne2024-03', [year, open, period]],
    ['gt2024-03-10', [year, open, period]],
    ['gt2024', [open]],
    ['lt2024-03-10', [year]],
    ['ge2024-03-10', [day, year, open, period]],
    ['ge2024-03-11', [year, open, period]],
    ['ge2025', [open]],
    ['le2024-03-10', [day, year, open, period].filter((each) => each === day || each === year)],
    ['sa2024-03-09', [day, open, period]],
    ['sa2023', [day, year, open, period]],
    ['eb2024-03-11', [day]],
    ['eb2025', [day, year, period]],
    ['2024-03-10T00:00:00Z', []],
    ['ge2024-03-10T02:00:00+02:00', [day, year, open, period]],
  ])('%s', (value, expected) => {
    const all = [day, year, open, period];
    expect(all.filter((each) => finds(`date=${encodeURIComponent(value)}`, each))).toEqual(expected);
  });

  test('ap widens by a tenth of the gap to now', () => {
    const old = at({ effectiveDateTime: '2004-06-15' });
    expect([finds('date=ap2005', old), finds('date=ap2010', old), finds('date=ap2006', old)]).toEqual([true, false, true]);
  });

  test('two conditions hold on one value each', () => {
    expect([finds('date=ge2024-03-01&date=le2024-03-31', day), finds('date=ge2024-03-01&date=lt2024-03-10', day)]).toEqual([true, false]);
  });

  test('_lastUpdated', () => {
    const now = Date.UTC(2024, 2, 10, 12);
    const found = ['2024-03-10', 'ge2024-03', 'lt2024-03-11', 'gt2024-03-10', 'eb2024-03-10'].map((value) =>
      finds(`_lastUpdated=${value}`, day, now),
    );
    expect(found).toEqual([true, true, true, false, false]);
  });
});

describe('number and quantity: https://hl7.org/fhir/R4/search.html#quantity', () => {
  const ucum = 'http://unitsofmeasure.org';
  const quantity = (value: number, rest: object = { system: ucum, code: 'mg', unit: 'mg' }) =>
    observation({ valueQuantity: { value, ...rest } });
  test.each([
    ['5.4', quantity(5.4), true],
    ['5.4', quantity(5.449), true],
    ['5.4', quantity(5.45), false],
    ['5.40', quantity(5.41), false],
    ['5.40e-3', quantity(0.0054), true],
    ['1e2', quantity(104), true],
    ['1e2', quantity(105), false],
    ['ne5.4', quantity(5.4), false],
    ['gt5.4', quantity(5.41), true],
    ['lt5.4', quantity(5.4), false],
    ['le5.4', quantity(5.4), true],
    ['ap100', quantity(91), true],
    ['ap100', quantity(89), false],
    ['gt5', quantity(1, { comparator: '>' }), true],
    [`5.4|${ucum}|mg`, quantity(5.4), true],
    [`5.4|${ucum}|g`, quantity(5.4), false],
    [`0.0054|${ucum}|g`, quantity(5.4), true],
    ['5.4||mg', quantity(5.4), true],
    ['5.4||mg', quantity(5.4, { unit: 'mg' }), true],
    ['5.4||mmHg', quantity(5.4, { system: ucum, code: 'mm[Hg]', unit: 'mmHg' }), true],
    ['5.4||x', quantity(5.4, { system: 'urn:s', code: 'x' }), true],
    ['-5', quantity(-5), true],
  ])('%s on %j: %s', (value, resource, expected) => {
    expect(finds(`value-quantity=${value}`, resource)).toBe(expected);
  });

  test('probability', () => {
    expect(finds('probability=gt0.8', { resourceType: 'RiskAssessment', prediction: [{ probabilityDecimal: 0.9 }] })).toBe(true);
  });
});

describe('reference: https://hl7.org/fhir/R4/search.html#reference', () => {
  const of = (reference: string) => observation({ subject: { reference } });
  test.each([
    ['subject=Patient/1', 'Patient/1', true],
    ['subject=1', 'Patient/1', true],
    ['subject=1', 'Group/1', true],
    ['patient=1', 'Patient/1', true],
    ['patient=1', 'Group/1', false],
    ['patient=Patient/1', 'Patient/1', true],
    ['patient=Group/1', 'Group/1', false],
    ['subject:Patient=1', 'Patient/1', true],
    ['subject:Patient=1', 'Group/1', false],
    ['subject=http://here/fhir/Patient/1', 'Patient/1', true],
    ['subject=Patient/1', 'http://here/fhir/Patient/1', true],
    ['subject=Patient/1', 'http://there/fhir/Patient/1', false],
    ['subject=http://there/fhir/Patient/1', 'http://there/fhir/Patient/1', true],
    ['subject=Patient/1', 'Patient/1/_history/2', true],
    ['subject=Patient/1/_history/2', 'Patient/1/_history/2', true],
    ['subject=Patient/1/_history/3', 'Patient/1/_history/2', false],
    ['subject=Patient/11', 'Patient/1', false],
    ['subject:missing=true', 'Patient/1', false],
    ['patient:missing=true', 'Group/1', true],
    ['patient:missing=false', 'http://there/fhir/Patient/1', true],
  ])('%s on %s: %s', (query, reference, expected) => {
    expect(finds(query, of(reference))).toBe(expected);
  });

  test('canonicals with and without version', () => {
    const response = { resourceType: 'QuestionnaireResponse', questionnaire: 'http://x/Q|2' };
    const queries = ['http://x/Q', 'http://x/Q|2', 'http://x/Q|3'].map((value) => finds(`questionnaire=${value}`, response));
    expect(queries).toEqual([true, true, false]);
  });
});

describe('uri and the parameters of every resource', () => {
  const valueSet = {
    resourceType: 'ValueSet',
    id: 'v',
    url: 'http://acme.org/fhir/ValueSet/123',
    meta: { tag: [{ system: 's', code: 't' }], profile: ['http://p|1'] },
  };
  test.each([
    ['url=http://acme.org/fhir/ValueSet/123', true],
    ['url=http://acme.org/fhir/ValueSet/12', false],
    ['url:below=http://acme.org/fhir', true],
    ['url:below=http://acme.org/fh', false],
    ['url:above=http://acme.org/fhir/ValueSet/123/_history/5', true],
    ['url:above=http://acme.org/fhir', false],
    ['_id=v', true],
    ['_id=w,v', true],
    ['_id=w', false],
    ['_id:not=v', false],
    ['_tag=s|t', true],
    ['_tag=t', true],
    ['_profile=http://p', true],
    ['_profile=http://p|2', false],
    ['_source:missing=true', true],
  ])('%s: %s', (query, expected) => {
    expect(finds(query, valueSet)).toBe(expected);
  });
});

describe('controls, and what the request says of itself', () => {
  test('controls', () => {
    const request = parse('_count=5&_sort=-date,status&_total=accurate&_summary=text&_elements=id,code&_format=json&status=final');
    expect(request).toMatchObject({ count: 5, total: 'accurate', summary: 'text', elements: ['id', 'code'], ignored: [] });
    expect(request.sort).toEqual([
      { parameter: 'date', descending: true, isSingle: true },
      { parameter: 'status', descending: false },
    ]);
    expect(request.applied).toHaveLength(7);
    expect([parse('').count, parse('_count=0').count, parse('_count=99999').count]).toEqual([20, 0, 1000]);
  });

  test.each([
    ['patient=1', 'Observation', 'Patient/1'],
    ['subject=Patient/1&date=2024', 'Observation', 'Patient/1'],
    ['subject=Patient/1,Patient/2', 'Observation', undefined],
    ['subject:missing=true', 'Observation', undefined],
    ['subject=1', 'Observation', undefined],
    ['performer=Patient/1', 'Observation', 'Patient/1'],
    ['encounter=Encounter/1', 'Observation', undefined],
    ['patient=http://there/fhir/Patient/1', 'Observation', undefined],
    ['_id=1', 'Patient', 'Patient/1'],
    ['_id=1,2', 'Patient', undefined],
    ['_id=1', 'Observation', undefined],
    ['patient=1', 'Encounter', 'Patient/1'],
    ['beneficiary=Patient/1', 'Coverage', 'Patient/1'],
  ])('%s on %s names %s', (query, type, patient) => {
    expect(parse(query, type).patient).toBe(patient);
  });

  test('the same condition in another order is the same expression', () => {
    expect(parse('status=final,amended&code=a').where).toEqual(parse('code=a&status=amended,final').where);
  });

  test('several types: conditions on all, :not too', () => {
    const { where } = parse('_tag:not=t', ['Patient', 'Observation']);
    const tagged = { resourceType: 'Patient', meta: { tag: [{ code: 't' }] } };
    const found = [tagged, { resourceType: 'Patient' }, observation({})].map((resource) => {
      const key = { type: resource.resourceType, id: '1' };
      return matches(where, { ...key, at: 0, index: indexer.entries(resource, key) });
    });
    expect(found).toEqual([false, true, true]);
    expect(parse('_type=Patient&name=x', ['Patient', 'Observation']).types).toEqual(['Patient']);
  });
});

describe('what is not understood is refused by name', () => {
  test.each([
    ['foo=1', 'foo', 'not-supported'],
    ['code:foo=1', 'code:foo', 'not-supported'],
    ['code:exact=1', 'code:exact', 'not-supported'],
    ['code:in=1', 'code:in', 'not-supported'],
    ['code.text=x', 'code.text', 'not-supported'],
    ['subject.nonsense=x', 'nonsense', 'not-supported'],
    ['subject:Claim.status=x', 'subject:Claim.status', 'not-supported'],
    ['_has:Observation:patient:code=1', '_has:Observation:patient:code', 'not-supported'],
    ['subject:Claim=1', 'subject:Claim', 'not-supported'],
    ['_include=Observation:code', '_include', 'not-supported'],
    ['_include=Observation', '_include', 'value'],
    ['_include:once=Observation:subject', '_include:once', 'not-supported'],
    ['_revinclude=Claim:patient', '_revinclude', 'not-supported'],
    ['_text=fever', '_text', 'not-supported'],
    ['_sort=subject', '_sort', 'not-supported'],
    ['_sort=foo', '_sort', 'not-supported'],
    ['code=', 'code', 'not-supported'],
    ['_count=-1', '_count', 'value'],
    ['_count=1e3', '_count', 'value'],
    ['_total=maybe', '_total', 'value'],
    ['_summary=maybe', '_summary', 'value'],
    ['date=yesterday', 'date', 'value'],
    ['date=2024-02-30', 'date', 'value'],
    ['date=zz2024', 'date', 'value'],
    ['value-quantity=abc', 'value-quantity', 'value'],
    ['value-quantity=1|x', 'value-quantity', 'value'],
    ['value-quantity=1e999', 'value-quantity', 'value'],
    ['code=|', 'code', 'value'],
    ['code:missing=maybe', 'code:missing', 'value'],
    ['subject=%23a', 'subject', 'value'],
    ['__proto__=1', '__proto__', 'not-supported'],
    ['constructor=1', 'constructor', 'not-supported'],
  ])('%s', (query, place, code) => {
    const { status, issues } = refusal(query);
    expect([status, issues[0]?.code, issues[0]?.expression]).toEqual([400, code, [place]]);
  });

  test('the text lists what is allowed', () => {
    expect(refusal('foo=1').message).toContain('value-quantity');
    expect(refusal('_text=fever').message).toContain('--full-text "text" or "all"');
    expect(refusal('code:exact=1').message).toContain(':missing, :not');
    expect(refusal('_sort=foo').message).toContain('date');
    expect(refusal('active=1', 'Patient').message).toContain('neither true nor false');
  });

  test('lenient handling leaves out what it does not know, and says so; wrong values stay errors', () => {
    const request = parse('foo=1&code:exact=x&status=final&_sort=foo&_include=Nothing:a', 'Observation', { handling: 'lenient' });
    expect(request.where).toEqual(parse('status=final').where);
    expect(request.ignored).toHaveLength(4);
    expect(request.applied).toEqual([['status', 'final']]);
    expect(() => parse('date=x', 'Observation', { handling: 'lenient' })).toThrow(FhirError);
  });
});
