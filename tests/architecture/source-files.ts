import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');

export interface SourceFile {
  /** From the project's folder, with slashes: `src/store/store.ts`. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly string[];
}

/** Tests that several stores share live beside the interface, as functions. */
const SHARED_TESTS = 'src/store/contract/';

/** The TypeScript files under `folder`, tests left out. */
export function sourceFiles(folder: string): SourceFile[] {
  return globSync(`${folder}/**/*.ts`, { cwd: ROOT })
    .filter((path) => !path.endsWith('.test.ts') && !path.startsWith(SHARED_TESTS))
    .sort()
    .map((path) => {
      const text = readFileSync(join(ROOT, path), 'utf8');
      return { path, text, imports: importsOf(text) };
    });
}

/** What a module imports or re-exports, statically or by `import('…')`, as written. Comments don't count. */
export function importsOf(text: string): string[] {
  const code = withoutComments(text);
  const statements = code.matchAll(/^\s*(?:import|export)\b(?:[^'";=]*?\bfrom)?\s*['"]([^'"]+)['"]/gm);
  const calls = code.matchAll(/\bimport\(\s*['"]([^'"]+)['"]\s*\)/g);
  return [...statements, ...calls].map((match) => match[1] ?? '');
}

/** The code alone; strings stay, also those that hold `//`. */
export function withoutComments(text: string): string {
  return text.replaceAll(
    /('(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`)|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g,
    (_, kept?: string) => kept ?? '',
  );
}

/** Where a relative import of `file` leads, from src/: `store/store.ts`. Undefined for packages and built-ins. */
export function targetOf(file: SourceFile, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  return relative('src', join(dirname(file.path), specifier));
}
