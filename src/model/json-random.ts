/** Random JSON documents for property tests: odd white space, escapes, number lexemes, Unicode. Used by tests only. */
import { JsonNumber, type JsonTree } from './lossless-json.ts';

export type Random = () => number;

/** The seed of this run: `TEST_SEED` if set, so that a failure can be run again, else a fresh one. */
export function testSeed(): number {
  return Number(process.env.TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
}

/** Numbers in [0, 1) that depend on the seed alone (mulberry32). */
export function randomFrom(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[Math.floor(random() * choices.length)] as T;
}

const LEXEMES = ['0', '-0', '1.00', '1e3', '1E-07', '123456789012345678', '0.1000000000000000055', '-12.50', '9007199254740993'];
const STRINGS = [
  '',
  'a',
  '"',
  '\\',
  '\\"',
  ': b',
  '{',
  '}],',
  'x"y: ',
  'Zoë',
  '日本',
  '😀',
  'line\nbreak',
  '\t',
  '/',
  'é"',
  '\\\\',
  'a": ',
  '__proto__',
];
/** No backslash: `JSON.parse`, which tests compare with, gets those wrong (see `parseJson`). */
const NAMES = ['a', 'b', 'id', 'meta', 'resource', '0', '10', 'é', '日', 'q"', 'resourceType', 'versionId'];

/** A tree of at most `depth` levels. */
export function randomTree(random: Random, depth: number): JsonTree {
  const kind = random();
  if (depth > 0 && kind < 0.3) return new Map(some(random, () => [pick(random, NAMES), randomTree(random, depth - 1)] as const));
  if (depth > 0 && kind < 0.5) return some(random, () => randomTree(random, depth - 1));
  if (kind < 0.7) return new JsonNumber(pick(random, LEXEMES));
  if (kind < 0.9) return pick(random, STRINGS) + pick(random, STRINGS);
  return pick(random, [true, false, null]);
}

function some<T>(random: Random, make: () => T): T[] {
  return Array.from({ length: Math.floor(random() * 4) }, make);
}

/** JSON text of the tree, with white space and escapes chosen at random. */
export function documentText(tree: JsonTree, random: Random): string {
  const gap = () => (random() < 0.8 ? '' : pick(random, [' ', '\n', '\r\n  ', '\t', '  ']));
  const string = (value: string) => {
    const text = JSON.stringify(value);
    return random() < 0.8 ? text : escapeLetters(value);
  };
  const write = (node: JsonTree): string => {
    if (node instanceof JsonNumber) return node.lexeme;
    if (typeof node === 'string') return string(node);
    if (Array.isArray(node)) return `[${gap()}${node.map((item) => write(item) + gap()).join(`,${gap()}`)}]`;
    if (node instanceof Map)
      return `{${gap()}${Array.from(node, ([k, v]) => `${string(k)}${gap()}:${gap()}${write(v)}${gap()}`).join(`,${gap()}`)}}`;
    return JSON.stringify(node);
  };
  return gap() + write(tree) + gap();
}

/** A string literal with every character but ASCII signs as `\uXXXX`. */
function escapeLetters(value: string): string {
  const escaped = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return `"${value.replace(/[^ !#-/:-@]/g, escaped)}"`;
}
