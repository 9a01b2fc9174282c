/**
 * How many index entries does a resource have, and what does making them cost? Reads a folder of Bundles (JSON), prints a
 * table by type and the CPU microseconds a resource. No engine is needed.
 *
 *     node bench/index-entries.ts ../shared/data/synthea [off|text|all]
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadDefinitions } from '../src/definitions/load.ts';
import { type FullText, fullTextParameters } from '../src/jobs/full-text.ts';
import type { Indexer } from '../src/search/parameters/indexer.ts';
import { createIndexer } from '../src/search/parameters/indexer.ts';
import { createSearchRegistry } from '../src/search/parameters/registry.ts';

interface Resource {
  readonly resourceType: string;
  readonly id: string;
}

interface Bundle {
  readonly entry: readonly { readonly fullUrl: string; readonly resource: Resource }[];
}

/** The resources of a Bundle with its `urn:uuid:` references rewritten, as a transaction would. */
function resourcesOf(text: string): Resource[] {
  const { entry } = JSON.parse(text) as Bundle;
  const places = new Map(entry.map(({ fullUrl, resource }) => [fullUrl, `${resource.resourceType}/${resource.id}`]));
  const rewritten = text.replace(/urn:uuid:[0-9a-f-]{36}/g, (urn) => places.get(urn) ?? urn);
  return (JSON.parse(rewritten) as Bundle).entry.map(({ resource }) => resource);
}

function read(folder: string): Map<string, Resource[]> {
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return Map.groupBy(
    names.flatMap((name) => resourcesOf(readFileSync(join(folder, name), 'utf8'))),
    (resource) => resource.resourceType,
  );
}

const entriesOf = (indexer: Indexer, resource: Resource) => indexer.entries(resource, { type: resource.resourceType, id: resource.id });

/** CPU microseconds for the entries of one resource: the best of five rounds of 20,000. */
function cpuMicroseconds(indexer: Indexer, resources: readonly Resource[]): number {
  const rounds = Array.from({ length: 5 }, () => {
    const before = process.cpuUsage();
    for (let i = 0; i < 20_000; i++) entriesOf(indexer, resources[i % resources.length] as Resource);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 20_000;
  });
  return Math.min(...rounds);
}

function row(indexer: Indexer, type: string, resources: readonly Resource[]) {
  const all = resources.map((resource) => entriesOf(indexer, resource));
  const mean = (size: (entries: (typeof all)[number]) => number) =>
    Number((all.reduce((sum, entries) => sum + size(entries), 0) / all.length).toFixed(1));
  return {
    type,
    resources: all.length,
    s: mean((entries) => entries.s.length),
    r: mean((entries) => entries.r.length),
    pc: mean((entries) => entries.pc.length),
    o: mean((entries) => Object.keys(entries.o).length),
    bytes: Math.round(mean((entries) => JSON.stringify(entries).length)),
    µs: Number(cpuMicroseconds(indexer, resources).toFixed(1)),
  };
}

const definitions = loadDefinitions();
const words = fullTextParameters((process.argv[3] ?? 'off') as FullText, definitions).map(({ definition }) => definition);
const indexer = createIndexer(createSearchRegistry(definitions, words), definitions, { baseUrl: 'http://127.0.0.1:8080/fhir/R4' });
const byType = read(process.argv[2] ?? '../shared/data/synthea');
const rows = [...byType].map(([type, resources]) => row(indexer, type, resources));
console.table(rows.sort((a, b) => b.resources - a.resources));
