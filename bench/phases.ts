/** The phases: each a request to repeat, with the check of its answer. */
import { randomInt } from 'node:crypto';
import type { Operation } from './measure.ts';
import { isPagePhase, PAGE_PHASES, preparePage } from './page-phases.ts';
import { claim, IDENTIFIER_SYSTEM, observation } from './records.ts';
import { expectContent, expectStatus, type Known, type Scene } from './scene.ts';
import { isSearchPhase, prepareSearch, SEARCH_PHASES } from './search-phases.ts';

export const PHASES = [
  'load',
  'create',
  'read',
  'update',
  'conditional-create',
  'history',
  'create-claim',
  'read-claim',
  'search',
  ...SEARCH_PHASES,
  ...PAGE_PHASES,
] as const;
export type Phase = (typeof PHASES)[number];

export interface Prepared {
  readonly operation: Operation;
  readonly isOver?: () => boolean;
}

/** `bundles` is how many patients' records the load phase has at hand. */
export function preparePhase(phase: Phase, scene: Scene, bundles: number): Prepared {
  if (isPagePhase(phase)) return { operation: preparePage(phase, scene) };
  if (isSearchPhase(phase)) return { operation: prepareSearch(phase, scene) };
  switch (phase) {
    case 'load':
      return prepareLoad(scene, bundles);
    case 'create':
      return { operation: () => createOne(scene, (patientId, marker, n) => observation(patientId, marker, n)) };
    case 'create-claim':
      return { operation: () => createOne(scene, claim) };
    case 'read':
      return { operation: () => readOne(scene, 'Observation', pick(scene.observations)) };
    case 'read-claim':
      return { operation: () => readOne(scene, 'Claim', pick(scene.claims)) };
    case 'update':
      return { operation: updater(scene) };
    case 'conditional-create':
      return { operation: conditionalCreator(scene) };
    case 'history':
      return { operation: () => readHistory(scene, pick(scene.observations)) };
    case 'search':
      return { operation: () => searchOne(scene, pick(scene.observations)) };
    default:
      throw new Error(`no phase "${phase satisfies never}"`);
  }
}

function pick<T>(items: readonly T[]): T {
  return items[randomInt(items.length)] as T;
}

function prepareLoad(scene: Scene, count: number): Prepared {
  const bundles = Array.from({ length: count }, () => {
    const bundle = scene.generator.patientBundle(scene.nextPatient());
    return { body: Buffer.from(JSON.stringify(bundle)), entries: bundle.entry?.length ?? 0 };
  });
  const operation = async () => {
    const next = bundles.pop();
    if (!next) return 0;
    const answer = await scene.client.send({ method: 'POST', path: '', body: next.body });
    expectStatus(answer, 200);
    const created = answer.text.split(/"status":\s*"201/).length - 1;
    if (created !== next.entries) throw new Error(`${created} of ${next.entries} entries created`);
    return created;
  };
  return { operation, isOver: () => bundles.length === 0 };
}

async function createOne(scene: Scene, resource: (patientId: string, marker: string, n: number) => object): Promise<number> {
  const n = scene.next();
  const patientId = pick(scene.patients);
  const body = resource(patientId, `new-${n}`, n) as { resourceType: string };
  const answer = await scene.client.send({ method: 'POST', path: `/${body.resourceType}`, body: JSON.stringify(body) });
  expectStatus(answer, 201);
  const id = /\/([^/]+)\/_history\/1$/.exec(String(answer.headers.location))?.[1];
  if (!id) throw new Error(`no Location: ${answer.headers.location}`);
  expectContent(answer, `"${id}"`, `"new-${n}"`);
  return 1;
}

async function readOne(scene: Scene, type: string, known: Known): Promise<number> {
  const answer = await scene.client.send({ method: 'GET', path: `/${type}/${known.id}` });
  expectStatus(answer, 200);
  expectContent(answer, `"${known.id}"`, `"${known.marker}"`);
  return 1;
}

/** Goes round the known Observations, so that no two clients change the same one. */
function updater(scene: Scene): Operation {
  let at = randomInt(scene.observations.length);
  return async () => {
    const known = scene.observations[at++ % scene.observations.length] as Known;
    const resource = observation(known.patientId, known.marker, randomInt(1e9) * 2 + (known.version % 2), known.id);
    resource.issued = new Date(Date.UTC(2026, 0, 1) + scene.next()).toISOString();
    const answer = await scene.client.send({ method: 'PUT', path: `/Observation/${known.id}`, body: JSON.stringify(resource) });
    expectStatus(answer, 200);
    expectContent(answer, `"${known.marker}"`, `"${resource.issued}"`);
    const version = Number(/"(\d+)"/.exec(String(answer.headers.etag))?.[1]);
    if (version !== known.version + 1) throw new Error(`version ${version} after ${known.version}`);
    known.version = version;
    return 1;
  };
}

/** By turns one that makes a resource and one that finds it there. */
function conditionalCreator(scene: Scene): Operation {
  return async () => {
    const n = scene.next();
    const isNew = n % 2 === 0;
    const marker = isNew ? `conditional-${n}` : pick(scene.observations).marker;
    const answer = await scene.client.send({
      method: 'POST',
      path: '/Observation',
      body: JSON.stringify(observation(pick(scene.patients), marker, n)),
      headers: { 'if-none-exist': `identifier=${IDENTIFIER_SYSTEM}|${marker}` },
    });
    expectStatus(answer, isNew ? 201 : 200);
    if (isNew) expectContent(answer, `"${marker}"`);
    return 1;
  };
}

async function readHistory(scene: Scene, known: Known): Promise<number> {
  const answer = await scene.client.send({ method: 'GET', path: `/Observation/${known.id}/_history` });
  expectStatus(answer, 200);
  expectContent(answer, `"${known.id}"`, `"${known.marker}"`, '"history"');
  return 1;
}

async function searchOne(scene: Scene, known: Known): Promise<number> {
  const answer = await scene.client.send({ method: 'GET', path: `/Observation?identifier=${IDENTIFIER_SYSTEM}|${known.marker}` });
  expectStatus(answer, 200);
  expectContent(answer, `"${known.id}"`, '"searchset"');
  return 1;
}
