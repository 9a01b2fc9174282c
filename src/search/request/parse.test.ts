import { describe, expect, test } from 'vitest';
import { createMeaning } from '../../../tests/support/search-meaning.ts';

const { finds, parse, refusal } = createMeaning();

describe('controls, and what the request says of itself', () => {
  test('controls', () => {
    const request = parse(
      '_count=5&_sort=-date,status&_total=accurate&_summary=text&_elements=id,code&_format=json&status=final',
      'Observation',
    );
    expect(request).toMatchObject({ count: 5, total: 'accurate', summary: 'text', elements: ['id', 'code'], ignored: [] });
    expect(request.sort).toEqual([
      { parameter: 'date', descending: true, isSingle: true },
      { parameter: 'status', descending: false },
    ]);
    expect(request.applied).toHaveLength(7);
    expect(['', '_count=0', '_count=99999'].map((query) => parse(query, 'Observation').count)).toEqual([20, 0, 1000]);
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
    expect(parse('status=final,amended&code=a', 'Observation').where).toEqual(parse('code=a&status=amended,final', 'Observation').where);
  });

  test('several types: conditions on all, :not too', () => {
    const types = ['Patient', 'Observation'];
    const tagged = { resourceType: 'Patient', meta: { tag: [{ code: 't' }] } };
    const resources = [tagged, { resourceType: 'Patient' }, { resourceType: 'Observation' }];
    const found = resources.map((resource) => finds('_tag:not=t', resource, { types }));
    expect(found).toEqual([false, true, true]);
    expect(parse('_type=Patient&name=x', types).types).toEqual(['Patient']);
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
    const { status, issues } = refusal(query, 'Observation');
    expect([status, issues[0]?.code, issues[0]?.expression]).toEqual([400, code, [place]]);
  });

  test('the text lists what is allowed', () => {
    expect(refusal('foo=1', 'Observation').message).toContain('value-quantity');
    expect(refusal('_text=fever', 'Observation').message).toContain('--full-text "text" or "all"');
    expect(refusal('code:exact=1', 'Observation').message).toContain(':missing, :not');
    expect(refusal('_sort=foo', 'Observation').message).toContain('date');
    expect(refusal('active=1', 'Patient').message).toContain('neither true nor false');
  });

  test('lenient handling leaves out what it does not know, and says so; wrong values stay errors', () => {
    const lenient = createMeaning({ handling: 'lenient' });
    const request = lenient.parse('foo=1&code:exact=x&status=final&_sort=foo&_include=Nothing:a', 'Observation');
    expect(request.where).toEqual(parse('status=final', 'Observation').where);
    expect(request.ignored).toHaveLength(4);
    expect(request.applied).toEqual([['status', 'final']]);
    expect(lenient.refusal('date=x', 'Observation').status).toBe(400);
  });
});
