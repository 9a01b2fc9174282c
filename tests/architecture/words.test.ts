/** Words that must not stand in the code. */
import { globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT, sourceFiles, withoutComments } from './source-files.ts';

describe('src/', () => {
  const files = sourceFiles('src').map(({ path, text }) => ({ path, code: withoutComments(text) }));
  const having = (pattern: RegExp) => files.filter(({ code }) => pattern.test(code)).map(({ path }) => path);

  test('logs through telemetry, never the console: a console line may hold anything', () => {
    expect(having(/\bconsole\.\w/)).toEqual([]);
  });

  test('has no $regex or $where: a pattern made of user text is a way in, and no index serves it', () => {
    expect(having(/\$(regex|where|function|accumulator)\b/)).toEqual([]);
  });

  test('makes no regular expression of user text', () => {
    const made = having(/\bRegExp\(/).filter(
      (path) => !/^src\/((definitions|deidentification|search\/parameters|validation|embedded)\/|encryption\/text-test\.ts$)/.test(path),
    );
    expect(made).toEqual([]);
  });

  test('evaluates no text as code', () => {
    expect(having(/\beval\(|\bnew Function\(/)).toEqual([]);
  });
});

describe('the repository', () => {
  const left = /(^|\/)(node_modules|data|\.git|coverage)(\/|$)|\.gz$|\.png$/;
  const paths = globSync('**/*', { cwd: ROOT, exclude: (name) => left.test(name) }).filter((path) => statSync(join(ROOT, path)).isFile());

  test('names no path of one machine', () => {
    const machinePath = /(?:^|[\s'"`(=:])\/(?:work|root|home|Users)\/\w/m;
    const found = paths.filter((path) => !path.endsWith('.json') && machinePath.test(readFileSync(join(ROOT, path), 'utf8')));
    expect(found).toEqual([]);
  });

  test('locks packages by hash, from whichever registry npm is told to use', () => {
    const lock = readFileSync(join(ROOT, 'package-lock.json'), 'utf8');
    expect(lock).not.toMatch(/"resolved": "(?!https:\/\/registry\.npmjs\.org\/)/);
    expect(lock).toContain('"integrity": "sha512-');
  });
});
