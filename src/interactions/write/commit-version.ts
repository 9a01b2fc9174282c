/** Stores one new version of one resource, the last step of create, update and patch. */
import type { ResourceDraft, ResourceKey, ResourceVersion } from '../../model/resource.ts';
import type { UnitOfWork } from '../../store/store.ts';
import type { InteractionContext } from '../context.ts';
import type { FhirRequest } from '../request.ts';
import type { IncomingResource } from './incoming.ts';
import { draftOf, writeOf } from './prepare-write.ts';

interface VersionCommit {
  readonly incoming: IncomingResource;
  readonly key: ResourceKey;
  /** The current version as read, a deletion too; undefined if there never was one. */
  readonly current?: ResourceVersion;
  readonly method: ResourceVersion['method'];
  readonly idAssigned?: boolean;
  readonly guards?: UnitOfWork['guards'];
  readonly idempotency?: (draft: ResourceDraft) => UnitOfWork['idempotency'];
}

export interface Stored {
  /** 201 if the resource was not there before (or was deleted). */
  readonly status: 200 | 201;
  readonly version: ResourceVersion;
}

/**
 * Commits the version, or nothing if it equals the current one.
 * @throws CommitRefused when another write came in between
 */
export async function commitVersion(request: FhirRequest, context: InteractionContext, commit: VersionCommit): Promise<Stored> {
  const { incoming, key, current, method, guards } = commit;
  const isThere = current !== undefined && !current.deleted;
  const stamp = context.beginWrite(current?.at);
  try {
    const draft = draftOf(context, incoming, key, current, { at: stamp.at, by: request.by, method });
    if (!draft) return { status: 200, version: current as ResourceVersion };
    const writes = [writeOf(draft, current, commit.idAssigned)];
    await context.store.commit({ writes, guards, idempotency: commit.idempotency?.(draft) }, request.access);
    return { status: isThere ? 200 : 201, version: draft };
  } finally {
    stamp.end();
  }
}
