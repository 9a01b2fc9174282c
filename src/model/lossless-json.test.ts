import { describe, expect, test } from 'vitest';
import { FhirError } from './error.ts';
import { equalTrees } from './json-equal.ts';
import { documentText, randomFrom, randomTree, testSeed } from './json-random.ts';
import { fromPlain, JsonNumber, parseLossless, printLossless, toPlain } from './lossless-json.ts';

describe('the lossless tree', () => {
  test('keeps number lexemes, order and odd names', () => {
    const text = '{"b":1.00,"10":[1e3,-0,1E+05,123456789012345678],"2":{"":null},"é\\"":"x"}';
    expect(printLossless(parseLossless(text))).toBe(text);
  });

  test('is printed prettily', () => {
    expect(printLossless(parseLossless('{"a":[1.0,{"b":{}}],"c":[]}'), { pretty: true })).toBe(
      '{\n  "a": [\n    1.0,\n    {\n      "b": {}\n    }\n  ],\n  "c": []\n}',
    );
  });

  test('comes from random documents unchanged, and means what JSON.parse says', () => {
    const seed = testSeed();
    const random = randomFrom(seed);
    for (let round = 0; round < 2_000; round++) {
      const tree = randomTree(random, 5);
      const text = documentText(tree, random);
      expect(parseLossless(text), `seed ${seed}`).toEqual(tree);
      expect(toPlain(tree)).toEqual(JSON.parse(text));
      expect(parseLossless(printLossless(tree, { pretty: true }))).toEqual(tree);
      expect(toPlain(fromPlain(toPlain(tree)))).toEqual(JSON.parse(JSON.stringify(toPlain(tree))));
    }
  });

  test('accepts and refuses what JSON.parse does', () => {
    const seed = testSeed();
    const random = randomFrom(seed);
    const noise = [...'{}[]",:\\0.-+eEtfn u/ \n', '\u0001', '\u00a0'];
    for (let round = 0; round < 5_000; round++) {
      const text = documentText(randomTree(random, 3), random);
      const at = Math.floor(random() * (text.length + 1));
      const damaged = text.slice(0, at) + noise[Math.floor(random() * noise.length)] + text.slice(at + (random() < 0.5 ? 1 : 0));
      expect(
        outcome(() => parseLossless(damaged)),
        `seed ${seed}: ${JSON.stringify(damaged)}`,
      ).toBe(outcome(() => strictlyParsed(damaged)));
    }
  });
});

describe('equalTrees', () => {
  test.each([
    ['1.0', '1', true],
    ['1e2', '100', true],
    ['-0', '0', true],
    ['0.10', '1E-1', true],
    ['123456789012345678', '123456789012345679', false],
    ['1e400', '1e401', false],
    ['{"a":1,"b":[2]}', '{"b":[2.0],"a":1}', true],
    ['{"a":null}', '{}', false],
    ['[1,2]', '[2,1]', false],
    ['"1"', '1', false],
    ['[]', '{}', false],
  ])('%s and %s: %s', (a, b, equal) => expect(equalTrees(parseLossless(a), parseLossless(b))).toBe(equal));

  test('a number is what it says', () => expect(parseLossless('1.00')).toEqual(new JsonNumber('1.00')));
});

/** JSON.parse, which also takes duplicate names and lone surrogates. */
function strictlyParsed(text: string): void {
  let members = 0;
  let isForbidden = false;
  const value: unknown = JSON.parse(text, (name, member) => {
    isForbidden ||= name === '__proto__' || !name.isWellFormed() || name.includes('\0');
    isForbidden ||= typeof member === 'string' && (!member.isWellFormed() || member.includes('\0'));
    return member;
  });
  const count = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    if (!Array.isArray(node)) members += Object.keys(node).length;
    Object.values(node).forEach(count);
  };
  count(value);
  const colons = text.replace(/"(?:[^"\\]|\\.)*"/g, '').match(/:/g)?.length ?? 0;
  if (isForbidden || colons !== members) throw new FhirError(400, []);
}

function outcome(run: () => unknown): 'taken' | 'refused' {
  try {
    run();
    return 'taken';
  } catch {
    return 'refused';
  }
}
