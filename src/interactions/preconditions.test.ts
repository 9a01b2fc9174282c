import { describe, expect, test } from 'vitest';
import type { ResourceVersion } from '../model/resource.ts';
import { checkWritePreconditions, isNotModified } from './preconditions.ts';

const by = { client: 'c', subject: 's', request: 'r' };
const current: ResourceVersion = {
  type: 'Patient',
  id: '1',
  rk: '00a',
  version: 3,
  at: Date.UTC(2024, 0, 1, 12, 0, 0, 500),
  deleted: false,
  raw: '{}',
  by,
  method: 'PUT',
};
const deleted = { ...current, deleted: true };

describe('conditions of a write (https://hl7.org/fhir/R4/http.html#concurrency)', () => {
  test.each([
    [{}, undefined],
    [{ ifMatch: 'W/"3"' }, current],
    [{ ifMatch: '"3"' }, current],
    [{ ifMatch: 'W/"1", W/"3"' }, current],
    [{ ifMatch: '*' }, current],
    [{ ifNoneMatch: '*' }, undefined],
    [{ ifNoneMatch: '*' }, deleted],
    [{ ifNoneMatch: 'W/"2"' }, current],
    [{ ifUnmodifiedSince: 'Mon, 01 Jan 2024 12:00:00 GMT' }, current],
    [{ ifUnmodifiedSince: 'Mon, 01 Jan 2024 11:59:59 GMT' }, undefined],
    [{ ifUnmodifiedSince: 'nonsense' }, current],
    [{ ifMatch: 'W/"3"', ifUnmodifiedSince: 'Mon, 01 Jan 2024 11:59:59 GMT' }, current],
  ])('%o holds', (conditions, version) => {
    expect(() => checkWritePreconditions(conditions, version)).not.toThrow();
  });

  test.each([
    [{ ifMatch: 'W/"2"' }, current, 412],
    [{ ifMatch: 'W/"3"' }, undefined, 412],
    [{ ifMatch: 'W/"3"' }, deleted, 412],
    [{ ifMatch: '*' }, undefined, 412],
    [{ ifNoneMatch: '*' }, current, 412],
    [{ ifNoneMatch: 'W/"3"' }, current, 412],
    [{ ifUnmodifiedSince: 'Mon, 01 Jan 2024 11:59:59 GMT' }, current, 412],
    [{ ifMatch: 'abc' }, current, 400],
    [{ ifMatch: '' }, current, 400],
    [{ ifMatch: '3' }, current, 400],
    [{ ifMatch: 'W/3' }, current, 400],
    [{ ifMatch: 'w/"3"' }, current, 400],
    [{ ifMatch: 'W/"3' }, current, 400],
    [{ ifMatch: "'3'" }, current, 400],
    [{ ifMatch: 'W/"3", 3' }, current, 400],
    [{ ifMatch: '*, W/"3"' }, current, 400],
    [{ ifNoneMatch: '3' }, current, 400],
    [{ ifMatch: '3' }, undefined, 400],
  ])('%o does not', (conditions, version, status) => {
    expect(() => checkWritePreconditions(conditions, version)).toThrow(expect.objectContaining({ status }));
  });
});

describe('a conditional read (https://hl7.org/fhir/R4/http.html#cread)', () => {
  test.each([
    [{ ifNoneMatch: 'W/"3"' }, true],
    [{ ifNoneMatch: 'W/"2"' }, false],
    [{ ifModifiedSince: 'Mon, 01 Jan 2024 12:00:00 GMT' }, true],
    [{ ifModifiedSince: 'Mon, 01 Jan 2024 11:59:59 GMT' }, false],
    [{ ifModifiedSince: 'nonsense' }, false],
    [{ ifNoneMatch: 'W/"2"', ifModifiedSince: 'Mon, 01 Jan 2024 12:00:00 GMT' }, false],
    [{}, false],
  ])('%o is not modified: %s', (conditions, expected) => {
    expect(isNotModified(conditions, current)).toBe(expected);
  });
});
