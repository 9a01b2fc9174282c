/** Reads the published definitions and checks that they are the pinned ones. */
import { hash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bundle } from '@medplum/fhirtypes';

/** `fhir/sources.json`: where the definitions come from, and the SHA-256 of each file read. */
export interface Sources {
  readonly package: string;
  readonly version: string;
  readonly folder: string;
  readonly fhirVersion: string;
  readonly files: Readonly<Record<string, string>>;
}

export interface SourceReader {
  /** Resources of a published Bundle, in its order. Throws if the file is not the pinned one. */
  resources(file: string): readonly object[];
}

/** True if the package that holds the definitions is installed (it is a dev dependency). */
export function sourcesInstalled(root: string, sources: Sources): boolean {
  return existsSync(join(root, 'node_modules', sources.package, sources.folder));
}

/** Files whose SHA-256 is not that of `sources.json`, with the one found. */
export function changedSources(root: string, sources: Sources): Record<string, string> {
  const found = Object.keys(sources.files).map((file) => [file, hash('sha256', readFileSync(pathOf(root, sources, file)), 'hex')] as const);
  return Object.fromEntries(found.filter(([file, digest]) => sources.files[file] !== digest));
}

export function createSourceReader(root: string, sources: Sources): SourceReader {
  return {
    resources(file) {
      if (!(file in sources.files)) throw new Error(`${file} is not listed in fhir/sources.json`);
      const bundle = JSON.parse(readFileSync(pathOf(root, sources, file), 'utf8')) as Bundle;
      return (bundle.entry ?? []).flatMap((entry) => (entry.resource ? [entry.resource] : []));
    },
  };
}

function pathOf(root: string, sources: Sources, file: string): string {
  return join(root, 'node_modules', sources.package, sources.folder, file);
}
