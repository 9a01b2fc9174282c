/**
 * `Idempotency-Key` on POST: the same key and body get the stored answer, another body is refused.
 * @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
 */
import { THE_SERVER } from '../../access/guarded-store.ts';
import { conflict } from '../../model/error.ts';
import type { ResourceVersion } from '../../model/resource.ts';
import { CommitRefused, type Idempotency } from '../../store/store.ts';
import { writeResponse } from '../answer/resource-response.ts';
import type { InteractionContext } from '../context.ts';
import type { FhirRequest, FhirResponse } from '../request.ts';

/** What is kept of an answer: enough to tell it again, no content of resources. */
export interface KeptAnswer {
  /** One for a create, one for each entry of a transaction (null for a GET). */
  readonly entries: readonly (KeptEntry | null)[];
}

export interface KeptEntry {
  readonly status: 200 | 201 | 204;
  readonly type?: string;
  readonly id?: string;
  readonly version?: number;
}

/** For a create: what to keep of the draft that is about to be committed. */
export function recordOf(request: FhirRequest): ((draft: ResourceVersion) => Idempotency | undefined) | undefined {
  return request.idempotency && (({ type, id, version }) => recordFor(request, { entries: [{ status: 201, type, id, version }] }));
}

/** What is kept of an answer, with the commit; undefined for a request without a key. */
export function recordFor(request: FhirRequest, answer: KeptAnswer): Idempotency | undefined {
  return request.idempotency && { ...request.idempotency, answer: JSON.stringify(answer) };
}

/**
 * Runs `work`, unless this key was answered before: then `replay` tells the kept answer again.
 * @throws FhirError 409 if the key came with another request before
 */
export async function once(
  request: FhirRequest,
  context: InteractionContext,
  work: () => Promise<FhirResponse>,
  replay: (kept: KeptAnswer) => Promise<FhirResponse> = (kept) => replayCreate(request, context, kept),
): Promise<FhirResponse> {
  const { idempotency } = request;
  if (!idempotency) return work();
  const kept = await keptAnswer(context, idempotency);
  if (kept) return replay(kept);
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CommitRefused) || error.reason !== 'idempotency') throw error;
    const first = await keptAnswer(context, idempotency);
    if (first) return replay(first);
    throw conflict('a request with this Idempotency-Key is being worked on');
  }
}

async function keptAnswer(
  context: InteractionContext,
  { key, bodyHash }: { key: string; bodyHash: string },
): Promise<KeptAnswer | undefined> {
  const found = await context.store.findIdempotency(key);
  if (!found) return undefined;
  if (found.bodyHash !== bodyHash) throw conflict('this Idempotency-Key came with another request before');
  return JSON.parse(found.answer) as KeptAnswer;
}

async function replayCreate(request: FhirRequest, context: InteractionContext, kept: KeptAnswer): Promise<FhirResponse> {
  const { type, id, version } = kept.entries[0] as Required<KeptEntry>;
  const stored = await context.store.readVersion({ type, id }, version, THE_SERVER);
  if (!stored) throw new Error(`the answer to a repeated request is lost: ${type}/${id} version ${version}`);
  return writeResponse(request, 201, stored);
}
