import { describe, expect, test } from 'vitest';
import { loadDefinitions } from '../../definitions/load.ts';
import { FhirError } from '../../model/error.ts';
import { createSearchRegistry } from '../parameters/registry.ts';
import { parseSearch } from './parse.ts';

const registry = createSearchRegistry(loadDefinitions());
const parse = (pairs: readonly [string, string][], type: string, limits: { readonly mostAlternatives?: number } = {}) =>
  parseSearch(pairs, [type], { registry, baseUrl: 'http://here', handling: 'strict', now: () => 0, ...limits });

const VALUES = [
  'a|b|c',
  '|',
  '||',
  '\\',
  '\\|',
  ',',
  ',,',
  '$',
  'ge',
  'ge2024',
  '2024-13',
  '99999-01-01',
  '-0',
  '1e',
  '1e400',
  '.5',
  'NaN',
  'Infinity',
  '{"$gt":""}',
  "' or 1=1 --",
  '../..',
  'Patient/',
  '/Patient/1',
  'Patient/1/_history/',
  'http://',
  'http:///Patient/1',
  '#',
  '%00',
  '\u0000',
  '\ud800',
  '\u{1F600}',
  'x'.repeat(100_000),
  '/A'.repeat(50_000),
  `http://${'/A'.repeat(50_000)}`,
  '9'.repeat(5_000),
  'true',
  ' ',
  '\n',
  '__proto__',
  'constructor',
  'ap2024',
  'ap-8',
  'sa',
  '5.4||',
  '5.4|a|',
  '1|2|3|4',
];
const MODIFIERS = ['', ':not', ':exact', ':missing', ':below', ':above', ':Patient', ':', '::', ':__proto__', ':text', ':of-type'];
const NAMES = [
  '',
  '.',
  '_has:',
  '_has:a:b:c',
  'a.b.c',
  '_sort',
  '_count',
  '_type',
  '_page',
  '_elements',
  '__proto__',
  'toString',
  '_include',
];

describe('hostile searches end in a request or a 400, soon', () => {
  test.each(['Patient', 'Observation', 'ValueSet', 'Location', 'Bundle', 'RiskAssessment'])(
    '%s: every parameter, modifier and value',
    (type) => {
      const names = [...registry.codesOf(type).flatMap((code) => MODIFIERS.map((modifier) => code + modifier)), ...NAMES];
      for (const [i, name] of names.entries()) {
        for (const value of VALUES.filter((_, j) => (i + j) % 5 === 0)) {
          const started = performance.now();
          try {
            parse([[name, value]], type);
          } catch (error) {
            if (!(error instanceof FhirError)) throw new Error(`${name}=${value.slice(0, 50)}`, { cause: error });
            expect(error.status).toBe(400);
          }
          expect(performance.now() - started, `${name}=${value.slice(0, 50)}`).toBeLessThan(500);
        }
      }
    },
  );

  test('too many alternatives and too many sort keys', () => {
    expect(() => parse([['code', Array(10_000).fill('a').join(',')]], 'Observation')).toThrow('at most 1000');
    expect(() => parse([['code', 'a,b,c']], 'Observation', { mostAlternatives: 2 })).toThrow('at most 2');
    expect(() => parse([['subject:Patient.family', 'a,b,c']], 'Observation', { mostAlternatives: 2 })).toThrow('at most 2');
    expect(() => parse([['_sort', Array(100).fill('date').join(',')]], 'Observation')).toThrow('at most 10');
  });
});
