import { describe, expect, test } from 'vitest';
import { FhirError } from '../model/error.ts';
import { findRoute, interactionsOffered, type Method } from './route.ts';

const validate = {
  name: 'validate',
  methods: ['HEAD', 'GET', 'POST'],
  handle: () => Promise.reject(new Error('not called')),
};
const change = { ...validate, name: 'change', methods: ['POST'] };
const routing = {
  isResourceType: (type: string) => type === 'Patient' || type === 'Basic',
  findOperation: (name: string, level: string) =>
    name === 'validate' && level !== 'system' ? validate : name === 'change' ? change : undefined,
};
const route = (method: Method, path: string) => findRoute(method, path, routing);

function refusal(method: Method, path: string): Pick<FhirError, 'status' | 'headers'> {
  try {
    route(method, path);
  } catch (error) {
    if (error instanceof FhirError) return error;
  }
  throw new Error(`${method} ${path} was not refused`);
}

describe('routes (https://hl7.org/fhir/R4/http.html#summary)', () => {
  test.each<[Method, string, object]>([
    ['GET', 'Patient/1', { interaction: 'read', type: 'Patient', id: '1' }],
    ['HEAD', 'Patient/1', { interaction: 'read', type: 'Patient', id: '1' }],
    ['PUT', 'Patient/1', { interaction: 'update', type: 'Patient', id: '1' }],
    ['PUT', 'Patient', { interaction: 'update', type: 'Patient' }],
    ['PATCH', 'Patient', { interaction: 'patch', type: 'Patient' }],
    ['DELETE', 'Patient', { interaction: 'delete', type: 'Patient' }],
    ['POST', 'Patient/', { interaction: 'create', type: 'Patient' }],
    ['GET', 'Patient', { interaction: 'search-type', type: 'Patient' }],
    ['POST', 'Patient/_search', { interaction: 'search-type', type: 'Patient' }],
    ['GET', 'Patient/_history', { interaction: 'history-type', type: 'Patient' }],
    ['DELETE', 'Patient/_id', { interaction: 'delete', type: 'Patient', id: '_id' }],
    ['GET', 'Patient/1/_history', { interaction: 'history-instance', type: 'Patient', id: '1' }],
    ['GET', 'Patient/1/_history/2', { interaction: 'vread', type: 'Patient', id: '1', versionId: '2' }],
    ['GET', '', { interaction: 'search-system' }],
    ['POST', '', { interaction: 'batch' }],
    ['POST', '_search', { interaction: 'search-system' }],
    ['GET', '_history', { interaction: 'history-system' }],
    ['GET', 'metadata', { interaction: 'capabilities' }],
    ['GET', 'Patient/%31', { interaction: 'read', type: 'Patient', id: '1' }],
    ['POST', 'Patient/$validate', { interaction: 'operation', type: 'Patient', operation: 'validate' }],
    ['GET', 'Patient/1/$validate', { interaction: 'operation', type: 'Patient', id: '1', operation: 'validate' }],
    ['POST', '$change', { interaction: 'operation', operation: 'change' }],
  ])('%s %s', (method, path, expected) => {
    const found = Object.fromEntries(Object.entries(route(method, path)).filter(([, value]) => value !== undefined));
    expect(found).toEqual(expected);
  });

  test.each<[Method, string]>([
    ['GET', 'patient/1'],
    ['GET', 'Nonsense/1'],
    ['GET', 'Nonsense'],
    ['GET', 'nonsense'],
    ['GET', 'Patient//1'],
    ['GET', 'Patient/1/2/3/4'],
    ['GET', 'Nonsense/$validate'],
    ['GET', '$validate'],
    ['GET', 'Patient/1/2/$validate'],
  ])('%s %s is 404', (method, path) => {
    expect(refusal(method, path).status).toBe(404);
  });

  test.each<[Method, string, string]>([
    ['POST', 'Patient/1', 'HEAD, GET, PUT, PATCH, DELETE'],
    ['DELETE', 'metadata', 'HEAD, GET'],
    ['GET', 'Patient/_search', 'POST'],
    ['GET', '$change', 'POST'],
    ['PUT', 'Patient/$validate', 'HEAD, GET, POST'],
  ])('%s %s is 405 and allows %s', (method, path, allow) => {
    expect(refusal(method, path)).toMatchObject({ status: 405, headers: { Allow: allow } });
  });

  test('a broken escape is 400', () => {
    expect(refusal('GET', 'Patient/%zz').status).toBe(400);
  });

  test('what is offered is what there are routes for', () => {
    expect([...interactionsOffered().type].sort()).toEqual(
      ['create', 'delete', 'history-instance', 'history-type', 'patch', 'read', 'search-type', 'update', 'vread'].sort(),
    );
    expect([...interactionsOffered().system].sort()).toEqual(['batch', 'history-system', 'search-system', 'transaction']);
  });
});
