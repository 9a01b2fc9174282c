/** The import rule of docs/architecture.md. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { breachOf } from './breaches.ts';
import { LEAVES, ROOMS } from './rooms.ts';
import { importsOf, ROOT, type SourceFile, sourceFiles } from './source-files.ts';

describe('rooms of src/', () => {
  const files = sourceFiles('src');

  test('are there', () => {
    expect(files.length).toBeGreaterThan(50);
    expect(files.flatMap((file) => file.imports).length).toBeGreaterThan(files.length);
  });

  test('import only what lies below them', () => {
    const breaches = files.flatMap((file) =>
      file.imports.flatMap((specifier) => {
        const reason = breachOf(file, specifier);
        return reason ? [`${file.path} imports ${specifier}: ${reason}`] : [];
      }),
    );
    expect(breaches).toEqual([]);
  });
});

test('docs/architecture.md shows the rooms in their order, the highest first', () => {
  const [, picture = ''] = readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8').split('```');
  const shown = [...picture.matchAll(/^[a-z]+(?=,? )/gm)].map(([room]) => room);
  expect(shown.slice(0, -1)).toEqual(ROOMS.toReversed().filter((room) => !LEAVES.has(room)));
  expect(shown.at(-1)).toBe('lifecycle');
});

describe('the rule itself', () => {
  const breach = (path: string, specifier: string) => breachOf({ path, text: '', imports: [] } satisfies SourceFile, specifier);

  test.each([
    ['src/model/error.ts', '../config/load.ts', 'model is a leaf'],
    ['src/search/plan/x.ts', '../../store/store.ts', 'search is above store'],
    ['src/store/store.ts', './mongo/read.ts', 'the interface imports store mongo'],
    ['src/store/mongo/read.ts', '../postgres/read.ts', 'store mongo imports store postgres'],
    ['src/store/placement/x.ts', '../mongo/read.ts', 'store placement imports store mongo'],
    ['src/interactions/read.ts', '../store/mongo/read.ts', 'only the composition root names a concrete store'],
    ['src/store/layers/x.ts', '../memory/memory-store.ts', 'the interface imports store memory'],
    ['src/http/app.ts', '../gateway.ts', 'nothing imports gateway.ts'],
    ['src/http/app.ts', '../../scripts/token.ts', 'outside src'],
    ['src/store/postgres/read.ts', 'mongodb', 'mongodb belongs to store/mongo, embedded'],
    ['src/operations/shard.ts', 'drizzle-orm/pg-core', 'drizzle-orm belongs to store/postgres, embedded'],
    ['src/access/tokens.ts', 'hono', 'hono belongs to http'],
  ])('%s may not import %s', (path, specifier, reason) => {
    expect(breach(path, specifier)).toBe(reason);
  });

  test.each([
    ['src/main.ts', './gateway.ts'],
    ['src/gateway.ts', './store/mongo/mongo-store.ts'],
    ['src/store/mongo/read.ts', '../store.ts'],
    ['src/store/mongo/proof/member.ts', '../../proof/proof.ts'],
    ['src/access/guarded-store.ts', '../store/layers/recent-versions.ts'],
    ['src/store/mongo/read.ts', '../../search/expression/expression.ts'],
    ['src/store/mongo/read.ts', 'mongodb'],
    ['src/http/app.ts', 'hono/body-limit'],
    ['src/definitions/load.ts', '../../fhir/generated/types.json'],
    ['src/http/app.ts', 'node:http'],
  ])('%s may import %s', (path, specifier) => {
    expect(breach(path, specifier)).toBeUndefined();
  });

  test('a new folder needs a place in the order', () => {
    expect(() => breach('src/helpers/x.ts', '../model/error.ts')).toThrow('src/helpers is no room');
    expect(() => breach('src/access/x.ts', '../store/oracle/oracle-store.ts')).toThrow('src/store/oracle is no store');
  });
});

describe('imports of a file', () => {
  test('are found in every form', () => {
    const text = `
      import './a.ts';
      import type { B } from './b.ts';
      import c, {
        type C,
      } from "./c.ts";
      export { d } from './d.ts';
      export * from './e.ts';
      const f = await import('./f.ts');
    `;
    expect(importsOf(text)).toEqual(['./a.ts', './b.ts', './c.ts', './d.ts', './e.ts', './f.ts']);
  });

  test('are not found in comments and other strings', () => {
    const text = `
      // import './a.ts';
      /* import './b.ts'; */
      export const url = 'https://x.example'; const other = 'from';
      export type T = 'a' | 'b';
    `;
    expect(importsOf(text)).toEqual([]);
  });
});
