/** The cases of a folder of `conformance`, file by file. */
import { readdirSync, readFileSync } from 'node:fs';
import type { CaseFile } from './case.ts';

/** `cases`: by the specification; `security`: attacks, each of which must be refused. */
export type CaseFolder = 'cases' | 'security';

export function loadCases(folder: CaseFolder = 'cases'): readonly (CaseFile & { readonly file: string })[] {
  const place = new URL(`../${folder}/`, import.meta.url);
  return readdirSync(place)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((file) => ({ file, ...(JSON.parse(readFileSync(new URL(file, place), 'utf8')) as CaseFile) }));
}
