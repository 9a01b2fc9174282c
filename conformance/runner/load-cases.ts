/** The cases of `conformance/cases`, file by file. */
import { readdirSync, readFileSync } from 'node:fs';
import type { CaseFile } from './case.ts';

const CASES = new URL('../cases/', import.meta.url);

export function loadCases(): readonly (CaseFile & { readonly file: string })[] {
  return readdirSync(CASES)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((file) => ({ file, ...(JSON.parse(readFileSync(new URL(file, CASES), 'utf8')) as CaseFile) }));
}
