/** PostgreSQL with a folder of its own for the years that it archives. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPostgresStore, type PostgresStore } from '../../src/store/postgres/postgres-store.ts';
import { testPostgres } from './databases.ts';

interface Archive {
  readonly databaseUrl: string;
  readonly archiveDir: string;
  readonly store: PostgresStore;
  /** Exports the encounters of a year; with the digest of the export, drops them. */
  archive(year: number, confirm?: string): ReturnType<PostgresStore['administration']['archivePartition']>;
  restore(year: number): ReturnType<PostgresStore['administration']['restorePartition']>;
  /** Names in the folder. */
  filesOf(year: number): Promise<readonly string[]>;
  close(): Promise<void>;
}

export async function openArchive(): Promise<Archive> {
  const { databaseUrl } = await testPostgres();
  const archiveDir = await mkdtemp(join(tmpdir(), 'meridian-archive-'));
  const store = createPostgresStore({ url: databaseUrl, archiveDir });
  await store.migrate();
  return {
    databaseUrl,
    archiveDir,
    store,
    archive: (year, confirm) => store.administration.archivePartition('Encounter', year, confirm),
    restore: (year) => store.administration.restorePartition('Encounter', year),
    filesOf: async (year) => (await readdir(archiveDir)).filter((name) => name.includes(`y${year}`)),
    async close() {
      await store.close();
      await rm(archiveDir, { recursive: true, force: true });
    },
  };
}
