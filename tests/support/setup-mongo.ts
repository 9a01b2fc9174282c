/** Vitest global set-up: MongoDB for the projects `mongo` and `engines`. */
import type { TestProject } from 'vitest/node';
import { shareEngine } from './shared-engine.ts';
import { startTestMongo } from './start-engines.ts';
import './provided.ts';

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { url, release } = await shareEngine('mongo', startTestMongo);
  project.provide('mongodbUri', url);
  return release;
}
