import { applyPatch, type Operation } from 'fast-json-patch';
import { describe, expect, test } from 'vitest';
import { FhirError } from '../../model/error.ts';
import { pick, type Random, randomFrom, testSeed } from '../../model/json-random.ts';
import { applyJsonPatch } from './json-patch.ts';

const TEXT = '{"resourceType":"Basic","a":[1.00,2e3,{"b":123456789012345678}],"m~n":{"x/y":-0},"s":"é"}';

describe('JSON Patch (RFC 6902)', () => {
  test.each([
    ['add a member', '[{"op":"add","path":"/n","value":1.50}]', '"s":"é"}', '"s":"é","n":1.50}'],
    ['add over a member', '[{"op":"add","path":"/s","value":null}]', '"é"', 'null'],
    ['add into an array', '[{"op":"add","path":"/a/1","value":5.0}]', '1.00,', '1.00,5.0,'],
    ['add at the end by -', '[{"op":"add","path":"/a/-","value":[]}]', '}],', '},[]],'],
    ['add at the end by index', '[{"op":"add","path":"/a/3","value":[]}]', '}],', '},[]],'],
    ['remove an element', '[{"op":"remove","path":"/a/0"}]', '1.00,', ''],
    ['replace behind escapes', '[{"op":"replace","path":"/m~0n/x~1y","value":-0.0}]', '-0}', '-0.0}'],
    [
      'move',
      '[{"op":"move","from":"/a/2/b","path":"/c"}]',
      '{"b":123456789012345678}],"m~n":{"x/y":-0},"s":"é"',
      '{}],"m~n":{"x/y":-0},"s":"é","c":123456789012345678',
    ],
    ['move within an array', '[{"op":"move","from":"/a/0","path":"/a/1"}]', '1.00,2e3', '2e3,1.00'],
    ['copy', '[{"op":"copy","from":"/a/1","path":"/s"}]', '"é"', '2e3'],
    [
      'test and go on',
      '[{"op":"test","path":"/a/0","value":1},{"op":"test","path":"/a","value":[1.0,2000,{"b":123456789012345678}]},{"op":"remove","path":"/s"}]',
      ',"s":"é"',
      '',
    ],
    ['nothing', '[]', '', ''],
  ])('%s', (_name, patch, before, after) => {
    expect(applyJsonPatch(TEXT, patch)).toBe(TEXT.replace(before, after));
  });

  test.each([
    [400, '{}'],
    [400, '[1]'],
    [400, '[{"op":"spam","path":""}]'],
    [400, '[{"path":"/a"}]'],
    [400, '[{"op":"add","path":"/a/0"}]'],
    [400, '[{"op":"remove"}]'],
    [400, '[{"op":"remove","path":"a"}]'],
    [400, '[{"op":"remove","path":"/a~2"}]'],
    [400, '[{"op":"move","path":"/a"}]'],
    [400, '[{"op":"add","path":"/a","value":1,"path":"/b"}]'],
    [400, '[{"op":"add","path":"/a","value":{"__proto__":1}}]'],
    [422, '[{"op":"test","path":"/a/1","value":2001}]'],
    [422, '[{"op":"test","path":"/a/2/b","value":123456789012345679}]'],
    [422, '[{"op":"remove","path":"/z"}]'],
    [422, '[{"op":"replace","path":"/z","value":1}]'],
    [422, '[{"op":"remove","path":"/a/3"}]'],
    [422, '[{"op":"remove","path":"/a/-"}]'],
    [422, '[{"op":"remove","path":"/a/00"}]'],
    [422, '[{"op":"add","path":"/a/4","value":1}]'],
    [422, '[{"op":"add","path":"/a/-1","value":1}]'],
    [422, '[{"op":"add","path":"/a/x","value":1}]'],
    [422, '[{"op":"add","path":"/s/x","value":1}]'],
    [422, '[{"op":"add","path":"/z/-","value":1}]'],
    [422, '[{"op":"add","path":"/constructor/prototype/x","value":1}]'],
    [422, '[{"op":"copy","from":"/z","path":"/a"}]'],
    [422, '[{"op":"move","from":"/a","path":"/a/0"}]'],
    [422, '[{"op":"remove","path":""}]'],
    [422, '[{"op":"replace","path":"","value":[]}]'],
    [422, '[{"op":"remove","path":"/s"},{"op":"test","path":"/s","value":"é"}]'],
  ])('%i for %s', (status, patch) => expect(statusOf(() => applyJsonPatch(TEXT, patch))).toBe(status));

  test('a patch that doubles without end is refused', () => {
    const bomb = Array.from({ length: 60 }, (_, i) => ({ op: 'copy', from: '', path: `/c${i}` }));
    expect([413, 422]).toContain(statusOf(() => applyJsonPatch(TEXT, bomb)));
    expect(statusOf(() => applyJsonPatch(TEXT, Array(1001).fill({ op: 'test', path: '/s', value: 'é' })))).toBe(413);
  });

  test('values of the patch are copied, not shared', () => {
    const patch = '[{"op":"add","path":"/p","value":[1]},{"op":"copy","from":"/p","path":"/q"},{"op":"add","path":"/q/-","value":2}]';
    expect(applyJsonPatch('{}', patch)).toBe('{"p":[1],"q":[1,2]}');
  });

  test('takes a parsed patch too', () => {
    expect(applyJsonPatch('{"a":1.0}', [{ op: 'add', path: '/b', value: { c: [2.5] } }])).toBe('{"a":1.0,"b":{"c":[2.5]}}');
  });

  test('agrees with fast-json-patch on random patches', () => {
    const seed = testSeed();
    const random = randomFrom(seed);
    const outcomes = { applied: 0, refused: 0 };
    for (let round = 0; round < 3_000; round++) {
      const document = { a: [1, 2, { b: 3 }], c: { d: 'x', e: [{ f: 1 }, { f: 2 }] }, g: null };
      const patch = Array.from({ length: 1 + Math.floor(random() * 3) }, () => randomOperation(random));
      const expected = outcomeOf(() => applyPatch(structuredClone(document), structuredClone(patch), true).newDocument);
      const actual = outcomeOf(() => JSON.parse(applyJsonPatch(JSON.stringify(document), JSON.stringify(patch))));
      expect(actual, `seed ${seed}: ${JSON.stringify(patch)}`).toEqual(expected);
      outcomes[expected === 'refused' ? 'refused' : 'applied']++;
    }
    expect(Math.min(outcomes.applied, outcomes.refused)).toBeGreaterThan(200);
  });
});

const PATHS = ['/a', '/a/0', '/a/1', '/a/2/b', '/a/3', '/c', '/c/d', '/c/e/0', '/c/e/1/f', '/c/e/2', '/g', '/h', '/c/n', '/a/9'];
/** fast-json-patch lets move and copy go past the end of an array, which RFC 6902 section 4.1 forbids; these stay inside. */
const TARGETS = ['/a/0', '/c/d', '/h', '/c/n', '/g'];

function randomOperation(random: Random): Operation {
  const op = pick(random, ['add', 'add', 'remove', 'replace', 'move', 'copy', 'test'] as const);
  if (op === 'move' || op === 'copy') return { op, path: pick(random, TARGETS), from: pick(random, PATHS) };
  const path = pick(random, PATHS);
  return op === 'remove'
    ? { op, path }
    : { op, path, value: pick<unknown>(random, [1, 'x', null, [1], { f: 1 }, 3, [{ f: 1 }, { f: 2 }]]) };
}

function outcomeOf(run: () => unknown): unknown {
  try {
    return run();
  } catch {
    return 'refused';
  }
}

function statusOf(run: () => unknown): number {
  try {
    run();
  } catch (error) {
    if (error instanceof FhirError) return error.status;
    throw error;
  }
  return 200;
}
