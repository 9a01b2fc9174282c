/** Vitest global set-up: PostgreSQL for the projects `postgres` and `engines`. */
import type { TestProject } from 'vitest/node';
import { shareEngine } from './shared-engine.ts';
import { startTestPostgres } from './start-engines.ts';
import './provided.ts';

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { url, release } = await shareEngine('postgres', startTestPostgres);
  project.provide('databaseUrl', url);
  return release;
}
