import type { ClientBase, Pool } from 'pg';
import type { ResourceDraft } from '../../../model/resource.ts';
import { readCurrent } from '../read.ts';

/** True if exactly this draft was committed: asked after an answer was lost. */
export async function isOurs(client: Pool | ClientBase, draft: ResourceDraft): Promise<boolean> {
  const current = (await readCurrent(client, draft.type, [draft.id])).get(draft.id);
  const stored = current?.version === draft.version ? { at: current.at, request: current.by.request } : await readStored(client, draft);
  return stored?.at === draft.at && stored.request === draft.by.request;
}

async function readStored(client: Pool | ClientBase, { type, id, version }: ResourceDraft) {
  const { rows } = await client.query<{ at: string; request: string }>(
    'SELECT at, by_request AS request FROM resource_history WHERE type = $1 AND id = $2 AND version = $3',
    [type, id, version],
  );
  return rows[0] && { at: Number(rows[0].at), request: rows[0].request };
}
