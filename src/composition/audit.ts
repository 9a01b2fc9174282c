/** The audit trail: queue on disk, relay to PostgreSQL, signed roots. */
import { join } from 'node:path';
import { openLocalSealer } from '../access/local-key.ts';
import { createAudit } from '../audit/audit.ts';
import { openAuditQueue } from '../audit/queue.ts';
import type { SealQuery } from '../audit/record.ts';
import { startAuditRelay } from '../audit/relay.ts';
import { ROOT_KEY, ROOT_TYPE } from '../audit/roots.ts';
import { startWatchingWrites } from '../audit/watch-writes.ts';
import { openWitness } from '../audit/witness.ts';
import type { Config } from '../config/options.ts';
import { identityOf } from '../model/resource.ts';
import { isServersOwn } from '../model/servers-own.ts';
import type { PostgresStore } from '../store/postgres/postgres-store.ts';
import type { HistoryPosition, ResourceStore } from '../store/store.ts';
import type { Logger } from '../telemetry/logger.ts';

/** How long the end waits until what is on disk is in the database; milliseconds. */
export const AUDIT_PATIENCE_MS = 3_000;

/** Puts requests on record and carries the records to PostgreSQL. The folder is this gateway's alone: one runs at each place. */
export async function startAudit(
  config: Config,
  place: string,
  { auditSink }: PostgresStore,
  newUlid: () => string,
  log: Logger,
  sealQuery?: SealQuery,
) {
  const folder = join(config.dataDir, 'audit', place);
  const maxBytes = config.auditQueueMb * 1024 * 1024;
  const onError = (error: unknown) => log.error('the audit queue could not be brought to the disk', { error });
  const queue = openAuditQueue({ folder, maxBytes, syncEveryMs: config.auditSyncMs, onError });
  const { seal } = await openLocalSealer(config.dataDir, ROOT_KEY);
  const relay = await startAuditRelay({
    queue,
    witness: openWitness(folder),
    sink: auditSink,
    sign: (root) => seal(root, ROOT_TYPE),
    now: Date.now,
    newUlid,
    log: (message, detail) => log.error(message, detail),
  });
  return {
    audit: createAudit({ queue, maxBytes, now: Date.now, log: (message, detail) => log.error(message, detail), sealQuery }),
    relay,
    close: async () => {
      await relay.close(AUDIT_PATIENCE_MS);
      queue.close();
    },
  };
}

/** Gives writes that a crash left without an event theirs. */
export function watchWrites(
  { relay, audit }: Awaited<ReturnType<typeof startAudit>>,
  { auditSink }: PostgresStore,
  store: ResourceStore,
  types: readonly string[],
  log: Logger,
) {
  return startWatchingWrites({
    sink: auditSink,
    relay,
    versionsMade: (from, until) => versionsMade(store, types, from, until),
    keep: audit.keep,
    now: Date.now,
    log: (message, detail) => log.warn(message, detail),
  });
}

const VERSIONS_AT_ONCE = 500;

/** All versions that clients made in a period, newest first. */
async function* versionsMade(store: ResourceStore, all: readonly string[], since: number, until: number) {
  const types = all.filter((type) => !isServersOwn(type));
  for (let after: HistoryPosition | undefined; ; ) {
    const page = await store.history({ types, since, until, limit: VERSIONS_AT_ONCE, ...(after && { after }) });
    yield page;
    const last = page.at(-1);
    if (!last || page.length < VERSIONS_AT_ONCE) return;
    after = { at: last.at, identity: identityOf(last), version: last.version };
  }
}
