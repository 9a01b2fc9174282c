import { describe, expect, test } from 'vitest';
import { FhirError } from './error.ts';
import { documentText, pick, type Random, randomFrom, randomTree, testSeed } from './json-random.ts';
import { bundleResourceTexts, editJson, type JsonEdit, parseJson, stampResource } from './json-text.ts';
import { type JsonTree, parseLossless, printLossless } from './lossless-json.ts';

const LIMITS = { maxDepth: 64 };
const STAMP = { id: 'abc-1', versionId: '7', lastUpdated: '2024-02-29T10:20:30.123Z' };
const ROUNDS = 2_000;

function problem(text: string, limits = LIMITS): FhirError {
  try {
    parseJson(text, limits);
  } catch (error) {
    if (error instanceof FhirError) return error;
    throw error;
  }
  throw new Error(`accepted: ${text.slice(0, 100)}`);
}

describe('parseJson', () => {
  test('gives what JSON.parse gives', () => {
    const text = '{"resourceType":"Patient","active":true,"multipleBirthInteger":2,"name":[{"given":["Zoë \\ud83d\\ude00"]}],"x":null}';
    expect(parseJson(text, LIMITS)).toEqual(JSON.parse(text));
    expect(parseJson(`\ufeff ${text}\n`, LIMITS)).toEqual(JSON.parse(text));
  });

  test.each([
    ['{"resourceType":"Patient",\n "name":[{"given":["A",]}]}', 'line 2, column 24', 'Patient.name[0].given[1]'],
    ['{"resourceType":"Patient","active":tru}', 'line 1, column 36', 'Patient.active'],
    ['{"resourceType":"Patient","active":true} x', "unexpected 'x' after the end", 'Patient'],
    ['{"resourceType":"Patient","active":true', 'the end of the text', 'Patient'],
    ['{"resourceType":"Patient","active":true,"active":false}', 'duplicate member "active"', 'Patient.active'],
    ['{"resourceType":"Patient","name":[{},{"text":"a","t\\u0065xt":"b"}]}', 'duplicate member "text"', 'Patient.name[1].text'],
    ['{"resourceType":"Patient","__proto__":{"a":1}}', '"__proto__"', 'Patient.__proto__'],
    ['{"a":{"\\u005f_proto__":1}}', '"__proto__"', 'a.__proto__'],
    ['{"a":"x\\u0000y"}', 'NUL', 'a'],
    ['{"a":"x\u0000y"}', 'U+0000', 'a'],
    ['{"a":"x\ny"}', 'U+000A', 'a'],
    ['{"a":"\\ud800"}', 'surrogate', 'a'],
    ['{"a":"\ud800"}', 'surrogate', 'a'],
    ['{"a":"\\q"}', 'escape', 'a'],
    ['{"a":"open}', 'not closed', 'a'],
    ['{a:1}', "double quotes, found 'a'", undefined],
    ['{"a":01}', "found '1'", undefined],
    ['{"a":.5}', "found '.'", 'a'],
    ['{"a":NaN}', "found 'N'", 'a'],
    ["{'a':1}", 'double quotes', undefined],
    ['{"a":1}}', 'after the end', undefined],
    ['{"a":1,}', 'name in double quotes', undefined],
    ['[1 2]', "expected ',' or ']'", undefined],
    ['', 'the end of the text', undefined],
    ['\ufeff\ufeff{}', 'U+FEFF', undefined],
  ])('refuses %j and names the place', (text, words, place) => {
    const error = problem(text);
    expect(error.status).toBe(400);
    expect(error.issues[0]?.diagnostics).toContain(words);
    expect(error.issues[0]?.expression).toEqual(place === undefined ? undefined : [place]);
  });

  test('takes text that only looks like trouble', () => {
    for (const text of ['{"div":"about __proto__ and \\\\u0000"}', '{"a":"\\ud83d\\ude00"}', '{"a":{"a":{"a":1}},"b":"a:b{[\\"a\\":"}']) {
      expect(parseJson(text, LIMITS)).toEqual(JSON.parse(text));
    }
  });

  test('reads an escaped name right where JSON.parse, in Node 24, does not', () => {
    expect(parseJson('{"日":1,"\\\\":2}', LIMITS)).toEqual({ 日: 1, '\\': 2 });
    expect(parseJson('{"日":1,"\\u0061":2}', LIMITS)).toEqual({ 日: 1, a: 2 });
    expect(problem('{"日":1,"\\u0061":2,"a":3}').issues[0]?.diagnostics).toContain('duplicate member "a"');
  });

  test('bounds the depth before it builds anything', () => {
    const nested = (depth: number) => `${'{"a":'.repeat(depth - 1)}{}${'}'.repeat(depth - 1)}`;
    expect(() => parseJson(nested(64), LIMITS)).not.toThrow();
    expect(problem(nested(65)).issues[0]?.diagnostics).toContain('nested deeper than 64 levels');
    expect(problem('['.repeat(1_000_000)).status).toBe(400);
    expect(problem('{"a":'.repeat(200_000)).status).toBe(400);
  });
});

describe('stampResource', () => {
  test('puts id and meta after resourceType and keeps the rest', () => {
    const text = '{"resourceType":"Observation","status":"final","valueQuantity":{"value":1.00},"x":[1e3,-0,123456789012345678]}';
    expect(stampResource(text, STAMP)).toBe(
      '{"resourceType":"Observation","id":"abc-1","meta":{"versionId":"7","lastUpdated":"2024-02-29T10:20:30.123Z"},' +
        '"status":"final","valueQuantity":{"value":1.00},"x":[1e3,-0,123456789012345678]}',
    );
  });

  test.each([
    ['{"resourceType":"Basic"}', ''],
    [' {"id":"z","resourceType":"Basic"} ', ''],
    ['{"meta":{"versionId":"1","lastUpdated":"x","_versionId":{},"_lastUpdated":null},"resourceType":"Basic","id":"z"}', ''],
    [
      '{"a":{"id":"k","meta":{"versionId":"1"}},"resourceType":"Basic","b":2,"i\\u0064":"z"}',
      ',"a":{"id":"k","meta":{"versionId":"1"}},"b":2',
    ],
    ['{"resourceType":"Basic","a":"\\"id\\":","b":[{"id":"q"}],"id":"z","c":"}"}', ',"a":"\\"id\\":","b":[{"id":"q"}],"c":"}"'],
    ['{"resourceType":"Basic","_id":{"extension":[]},"meta":null}', ',"_id":{"extension":[]}'],
    ['{\r\n  "resourceType" : "Basic",\n\n\t"a": ": b",\n "c": [\n 1,\n 2 ]\n}\n', ',"a":": b","c":[1,2 ]'],
  ])('%j', (text, rest) => {
    const meta = '"meta":{"versionId":"7","lastUpdated":"2024-02-29T10:20:30.123Z"}';
    expect(stampResource(text, STAMP)).toBe(`{"resourceType":"Basic","id":"abc-1",${meta}${rest}}`);
  });

  test('keeps the unknown members of meta', () => {
    const text = '{"resourceType":"Basic","meta":{"profile":["p"],"lastUpdated":"x","tag":[{"code":"1.0"}],"versionId":"3"}}';
    expect(JSON.parse(stampResource(text, STAMP)).meta).toEqual({
      versionId: '7',
      lastUpdated: STAMP.lastUpdated,
      profile: ['p'],
      tag: [{ code: '1.0' }],
    });
  });

  test('equals the same change made to the tree, lexemes and order included', () => {
    const seed = testSeed();
    const random = randomFrom(seed);
    for (let round = 0; round < ROUNDS; round++) {
      const tree = randomResource(random);
      const text = documentText(tree, random);
      expect(canonical(stampResource(text, STAMP)), `seed ${seed}, round ${round}: ${text}`).toBe(printLossless(stampedTree(tree)));
    }
  });
});

describe('bundleResourceTexts', () => {
  test('gives each entry its resource', () => {
    const text =
      '{"resourceType":"Bundle","entry":[ {"fullUrl":"u","resource" : {"a":"}]"} },{"request":{"resource":{}}},null, {"resource":{"b":1.0}}]}';
    expect(bundleResourceTexts(text)).toEqual(['{"a":"}]"}', undefined, undefined, '{"b":1.0}']);
    expect(bundleResourceTexts('{"resourceType":"Bundle","contained":[{"entry":[{"resource":{}}]}]}')).toEqual([]);
    expect(bundleResourceTexts('{"entry":{"resource":{}}}')).toEqual([]);
  });
});

describe('editJson', () => {
  test.each<[string, JsonEdit[], string]>([
    ['{"a": 1.00, "b" :[1e3, 2]}', [{ path: ['b', 1], text: '3.0' }], '{"a": 1.00, "b" :[1e3, 3.0]}'],
    ['{"a":1}', [{ path: ['b'], text: '2' }], '{"a":1,"b":2}'],
    ['{}', [{ path: ['b'], text: '[]' }], '{"b":[]}'],
    [
      '{"a":1,"b":2,"c":3}',
      [
        { path: ['a'], text: undefined },
        { path: ['c'], text: undefined },
      ],
      '{"b":2}',
    ],
    [
      '{"a":[1,2,3]}',
      [
        { path: ['a', 0], text: undefined },
        { path: ['a', 2], text: '9' },
        { path: ['a', 3], text: '4' },
      ],
      '{"a":[2,9,4]}',
    ],
    ['{"a":[1]}', [{ path: ['a', 0], text: undefined }], '{"a":[]}'],
    ['{"a":1}', [{ path: ['zz'], text: undefined }], '{"a":1}'],
    [' {"a":1} ', [{ path: [], text: '[]' }], ' [] '],
  ])('%s', (text, edits, expected) => expect(editJson(text, edits)).toBe(expected));

  test('refuses what can not be placed', () => {
    expect(() => editJson('{"a":1}', [{ path: ['b', 'c'], text: '1' }])).toThrow(FhirError);
    expect(() => editJson('{"a":1}', [{ path: ['a', 'c'], text: '1' }])).toThrow(FhirError);
    expect(() => editJson('{"a":[1]}', [{ path: ['a', 5], text: '1' }])).toThrow(FhirError);
    expect(() =>
      editJson('{"a":[1]}', [
        { path: ['a'], text: '1' },
        { path: ['a', 0], text: '1' },
      ]),
    ).toThrow(FhirError);
  });

  test('equals the same edits made to the tree', () => {
    const seed = testSeed();
    const random = randomFrom(seed);
    for (let round = 0; round < ROUNDS; round++) {
      const tree = randomResource(random);
      const text = documentText(tree, random);
      const path = randomPath(tree, random);
      const replacement = random() < 0.3 ? undefined : printLossless(randomTree(random, 2));
      const edited = canonical(editJson(text, [{ path, text: replacement }]));
      expect(edited, `seed ${seed}, round ${round}: ${text}`).toBe(printLossless(editedTree(tree, path, replacement)));
    }
  });
});

const canonical = (text: string) => printLossless(parseLossless(text));

function randomResource(random: Random): Map<string, JsonTree> {
  const members: [string, JsonTree][] = [['resourceType', 'Basic']];
  if (random() < 0.5) members.push(['id', 'mine']);
  if (random() < 0.5) members.push(['meta', randomMeta(random)]);
  for (let i = Math.floor(random() * 5); i > 0; i--)
    members.push([pick(random, ['a', 'é', '1', '0', 'x"y', 'entry']), randomTree(random, 4)]);
  return new Map(
    members
      .map((member) => [random(), member] as const)
      .sort((a, b) => a[0] - b[0])
      .map(([, member]) => member),
  );
}

function randomMeta(random: Random): JsonTree {
  const names = ['versionId', '_lastUpdated', 'lastUpdated', 'profile', 'tag', 'extension'].filter(() => random() < 0.4);
  return new Map(names.map((name) => [name, randomTree(random, 2)]));
}

function stampedTree(tree: Map<string, JsonTree>): JsonTree {
  const meta = tree.get('meta');
  const rest = [...(meta instanceof Map ? meta : [])].filter(([name]) => !/^_?(versionId|lastUpdated)$/.test(name));
  const stamped = new Map<string, JsonTree>([['versionId', STAMP.versionId], ['lastUpdated', STAMP.lastUpdated], ...rest]);
  const others = [...tree].filter(([name]) => !['resourceType', 'id', 'meta'].includes(name));
  return new Map<string, JsonTree>([['resourceType', 'Basic'], ['id', STAMP.id], ['meta', stamped], ...others]);
}

function randomPath(tree: JsonTree, random: Random): (string | number)[] {
  if (tree instanceof Map && (tree.size === 0 || random() < 0.15)) return ['new'];
  if (Array.isArray(tree) && (tree.length === 0 || random() < 0.15)) return [tree.length];
  const step = tree instanceof Map ? pick(random, [...tree.keys()]) : Math.floor(random() * (tree as JsonTree[]).length);
  const child = childOf(tree, step);
  const isContainer = child instanceof Map || Array.isArray(child);
  return isContainer && random() < 0.7 ? [step, ...randomPath(child, random)] : [step];
}

function childOf(tree: JsonTree, step: string | number): JsonTree {
  return (tree instanceof Map ? tree.get(step as string) : (tree as JsonTree[])[step as number]) as JsonTree;
}

function editedTree(tree: JsonTree, path: readonly (string | number)[], replacement: string | undefined): JsonTree {
  const [step, ...rest] = path;
  if (step === undefined) return parseLossless(replacement as string);
  const isRemoval = rest.length === 0 && replacement === undefined;
  if (tree instanceof Map) {
    const copy = new Map(tree);
    if (isRemoval) copy.delete(step as string);
    else copy.set(step as string, editedTree(childOf(tree, step), rest, replacement));
    return copy;
  }
  const copy = [...(tree as JsonTree[])];
  if (isRemoval) copy.splice(step as number, 1);
  else copy[step as number] = editedTree(childOf(tree, step), rest, replacement);
  return copy;
}
