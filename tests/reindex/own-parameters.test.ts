/** SearchParameter resources that clients post. @see https://hl7.org/fhir/R4/searchparameter.html */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ServedGateway, serveMemoryGateway } from '../support/memory-gateway.ts';
import { until } from '../support/until.ts';
import { CONDITION, ownParameter } from './own-parameter.ts';

let gateway: ServedGateway;

beforeAll(async () => {
  gateway = await serveMemoryGateway();
});
afterAll(() => gateway.close());

async function ask(method: string, path: string, body?: object, scope = 'system/*.cruds system/$reindex.cruds') {
  const response = await fetch(`${gateway.baseUrl}/${path}`, {
    method,
    headers: { Authorization: `Bearer ${await gateway.token(scope)}`, ...(body && { 'Content-Type': 'application/fhir+json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, json: text === '' ? undefined : JSON.parse(text) };
}

async function untilAnswered(path: string) {
  let answer = await ask('GET', path);
  const isAnswered = async () => {
    answer = await ask('GET', path);
    return answer.status !== 409;
  };
  if (!(await until(isAnswered))) throw new Error(`${path} was never answered`);
  return answer;
}

describe('own search parameters', () => {
  test('are indexed for what is there, told in the CapabilityStatement, and gone when they are retired', async () => {
    const ids = ['a', 'b'].map((each) => `own-${each}`);
    await ask('PUT', `Condition/${ids[0]}`, { ...CONDITION, id: ids[0], extension: [{ url: 'urn:ward', valueCode: 'North' }] });
    await ask('PUT', `Condition/${ids[1]}`, { ...CONDITION, id: ids[1], extension: [{ url: 'urn:ward', valueCode: 'south' }] });
    const posted = await ask('PUT', 'SearchParameter/ward', ownParameter('ward'));
    expect(posted.status).toBe(201);
    expect(await ask('GET', 'Condition?ward=north')).toMatchObject({
      status: 409,
      json: { issue: [{ code: 'conflict', diagnostics: expect.stringMatching(/being indexed: 0 %/), expression: ['ward'] }] },
    });
    const found = await untilAnswered('Condition?ward=north');
    expect(found.json.entry.map((entry: { resource: { id: string } }) => entry.resource.id)).toEqual(['own-a']);
    expect(found.json.entry[0].resource.meta.versionId).toBe('1');

    await ask('PUT', 'Condition/own-c', { ...CONDITION, id: 'own-c', extension: [{ url: 'urn:ward', valueCode: 'north' }] });
    expect((await ask('GET', 'Condition?ward=north')).json.total).toBe(2);
    expect((await ask('GET', 'Condition/$aggregate?group=ward')).json.parameter[1].part[0]).toEqual({ name: 'ward', valueString: 'north' });
    const condition = (await ask('GET', 'metadata')).json.rest[0].resource.find((each: { type: string }) => each.type === 'Condition');
    expect(condition.searchParam).toContainEqual({ name: 'ward', definition: 'urn:test:ward', type: 'token' });

    await ask('PUT', 'SearchParameter/ward', { ...ownParameter('ward'), status: 'retired' });
    expect((await ask('GET', 'Condition?ward=north')).status).toBe(400);
    const after = (await ask('GET', 'metadata')).json.rest[0].resource.find((each: { type: string }) => each.type === 'Condition');
    expect(after.searchParam).not.toContainEqual(expect.objectContaining({ name: 'ward' }));
  });

  test('with the values of another parameter answer at once', async () => {
    await ask('PUT', 'SearchParameter/problem', { ...ownParameter('problem'), expression: 'Condition.code' });
    expect((await ask('GET', 'Condition?problem=x')).status).toBe(200);
    await ask('DELETE', 'SearchParameter/problem');
    expect((await ask('GET', 'Condition?problem=x')).status).toBe(400);
  });

  test('that are drafts are kept and do nothing', async () => {
    expect((await ask('PUT', 'SearchParameter/draft', { ...ownParameter('draft'), status: 'draft', expression: 'no path' })).status).toBe(
      201,
    );
    expect((await ask('GET', 'Condition?draft=x')).status).toBe(400);
  });

  test.each([
    ['code', { code: 'clinical-status' }, 'has a parameter "clinical-status" already'],
    ['code', { code: 'a b' }, "can't be a parameter's name"],
    ['code', { code: '_ward' }, "can't be a parameter's name"],
    ['code', { code: 'group' }, "can't be a parameter's name"],
    ['type', { type: 'composite' }, 'allowed: token, string'],
    ['type', { type: 'special' }, 'allowed: token, string'],
    ['target', { type: 'reference', expression: 'Condition.asserter' }, 'types that it may lead to'],
    ['expression', { expression: undefined }, 'nothing to index'],
    ['expression', { expression: 'Condition.nothing' }, 'no element nothing'],
    ['expression', { expression: 'Condition.code.matches("x")' }, 'character'],
    ['expression', { expression: 'Condition.code.first()' }, 'the function first is not known'],
    ['expression', { expression: 'Patient.name' }, 'leads to no element'],
    ['expression', { type: 'date', expression: 'Condition.code' }, 'leads to CodeableConcept'],
    ['expression', { expression: '('.repeat(2_000) }, 'at most 1000'],
    ['expression', { base: ['Condition', 'Patient'], expression: 'Resource.code' }, 'of Patient'],
  ])('that can not be indexed are refused (%s, %j)', async (element, change, words) => {
    const answer = await ask('POST', 'SearchParameter', { ...ownParameter('refused'), ...change });
    expect(answer.status).toBe(422);
    expect(answer.json.issue[0]).toMatchObject({ code: 'business-rule', expression: [`SearchParameter.${element}`] });
    expect(answer.json.issue[0].diagnostics).toContain(words);
  });

  test('of one name on one type are refused the second time, in a transaction too, which names the entry', async () => {
    const first = { ...ownParameter('twice'), id: 'first' };
    await ask('PUT', 'SearchParameter/first', first);
    const second = await ask('POST', 'SearchParameter', ownParameter('twice'));
    expect(second.json.issue[0].diagnostics).toContain('SearchParameter/first defines "twice"');
    const entry = [{ resource: ownParameter('twice'), request: { method: 'POST', url: 'SearchParameter' } }];
    const bundle = await ask('POST', '', { resourceType: 'Bundle', type: 'transaction', entry });
    expect([bundle.status, bundle.json.issue[0].expression]).toEqual([422, ['Bundle.entry[0].resource.code']]);
    expect((await ask('PUT', 'SearchParameter/first', { ...first, name: 'Other' })).status).toBe(200);
  });
});

describe('$reindex', () => {
  test('is a job with a status, for those who have its scope, one at a time', async () => {
    expect((await ask('POST', '$reindex', undefined, 'system/*.cruds')).status).toBe(403);
    expect((await ask('GET', '$reindex-status', undefined, 'system/*.cruds')).status).toBe(403);
    expect((await ask('POST', '$reindex?type=Unknown')).status).toBe(400);
    const started = await ask('POST', '$reindex?type=Condition');
    expect(started.status).toBe(202);
    expect((await ask('POST', '$reindex')).status).toBe(429);
    const path = (started.headers.get('content-location') ?? '').split('/R4/')[1] ?? '';
    const running = await ask('GET', path);
    expect([running.status, running.headers.get('x-progress')]).toEqual([202, '0%']);
    let ended = running;
    const hasEnded = async () => {
      ended = await ask('GET', path);
      return ended.status !== 202;
    };
    await until(hasEnded);
    expect(ended.status).toBe(200);
    const values = new Map(ended.json.parameter.map((each: { name: string }) => [each.name, each]));
    expect(values.get('percent')).toMatchObject({ valueInteger: 100 });
    expect((await ask('GET', '$reindex-status')).json.parameter.length).toBeGreaterThan(0);
    expect((await ask('GET', '$reindex-status?job=none')).status).toBe(404);
    expect(gateway.failures).toEqual([]);
  });
});
