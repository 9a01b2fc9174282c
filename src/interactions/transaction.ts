/**
 * Transaction: all entries or none, as named passes.
 * @see https://hl7.org/fhir/R4/http.html#transaction
 */
import { THE_SERVER } from '../access/guarded-store.ts';
import type { UnitOfWork } from '../store/store.ts';
import { mapBounded } from './bounded.ts';
import { type BundleEntry, readBundle } from './bundle/bundle-entry.ts';
import type { InteractionContext } from './context.ts';
import { withoutReason } from './patch/unseen-patch.ts';
import type { FhirRequest, FhirResponse } from './request.ts';
import { untilUndisturbed } from './retry.ts';
import { checkEntries } from './transaction/check.ts';
import { checkGets } from './transaction/check-gets.ts';
import type { CheckedEntry } from './transaction/checked-entry.ts';
import { resolveConditions } from './transaction/conditions.ts';
import { assignIdentities } from './transaction/identities.ts';
import { createLinkTargets } from './transaction/links.ts';
import { markUnseen, type Prepared, prepareDrafts, readCurrent } from './transaction/prepare.ts';
import { respond, type Written } from './transaction/respond.ts';
import { type KeptAnswer, type KeptEntry, once, recordFor } from './write/idempotency.ts';
import { writeOf } from './write/prepare-write.ts';
import { checkNotReferredTo } from './write/referential-integrity.ts';

/** A Bundle of type transaction. */
export async function transaction(request: FhirRequest, context: InteractionContext): Promise<FhirResponse> {
  const { entries } = await readBundle(request, context);
  return runTransaction(request, context, entries);
}

export async function runTransaction(
  request: FhirRequest,
  context: InteractionContext,
  entries: readonly BundleEntry[],
): Promise<FhirResponse> {
  const checked = await checkEntries(entries, request, context);
  const work = async () => respond(checked, await untilUndisturbed(() => write(checked, request, context)), request, context);
  return once(request, context, work, (kept) => replay(checked, kept, request, context));
}

/** From questions to commit. Starts from the beginning when another write came in between. */
async function write(
  entries: readonly CheckedEntry[],
  request: FhirRequest,
  context: InteractionContext,
): Promise<ReadonlyMap<number, Written>> {
  const conditions = await resolveConditions(entries, request, context);
  const links = createLinkTargets(conditions.references);
  const known = await assignIdentities(entries, conditions, links, context);
  const currents = await readCurrent(known, context);
  const targets = await markUnseen(known, currents, context);
  const stamp = context.beginWrite(currents.reduce((latest, current) => Math.max(latest, current?.at ?? 0), 0));
  try {
    const prepared = await prepareDrafts(targets, currents, links, stamp.at, context);
    await checkGets(entries, prepared, context);
    const written = outcomes(entries, prepared);
    const idempotency = request.idempotency && recordFor(request, keptAnswer(entries, written));
    const isUnseen = targets.some(({ checked }) => checked.patch?.isUnseen);
    await withoutReason(isUnseen, () => commit(prepared, conditions.guards, idempotency, request, context));
    return written;
  } finally {
    stamp.end();
  }
}

async function commit(
  prepared: readonly Prepared[],
  guards: UnitOfWork['guards'],
  idempotency: UnitOfWork['idempotency'],
  { access }: FhirRequest,
  context: InteractionContext,
): Promise<void> {
  if (context.referentialIntegrity) {
    const deleted = prepared.flatMap(({ draft, current }) => (draft?.deleted && current ? [current] : []));
    const changed = prepared.flatMap(({ draft }) => (draft ? [draft] : []));
    await checkNotReferredTo(context, deleted, changed);
  }
  const writes = prepared.flatMap(({ draft, current, target }) => (draft ? [writeOf(draft, current, target.idAssigned)] : []));
  if (writes.length > 0 || idempotency) await context.store.commit({ writes, guards, idempotency }, access);
}

/** By entry index. A conditional delete of several is told as one. */
function outcomes(entries: readonly CheckedEntry[], prepared: readonly Prepared[]): ReadonlyMap<number, Written> {
  const written = new Map<number, Written>();
  for (const { entry, kind } of entries) if (kind === 'delete') written.set(entry.index, { status: 204, version: undefined });
  for (const { target, current, draft } of prepared) {
    const { entry, kind } = target.checked;
    if (kind === 'delete') written.set(entry.index, { status: 204, version: draft });
    else written.set(entry.index, { status: draft && (!current || current.deleted) ? 201 : 200, version: draft ?? current });
  }
  return written;
}

function keptAnswer(entries: readonly CheckedEntry[], written: ReadonlyMap<number, Written>): KeptAnswer {
  return {
    entries: entries.map(({ entry }): KeptEntry | null => {
      const done = written.get(entry.index);
      return done ? { status: done.status, type: done.version?.type, id: done.version?.id, version: done.version?.version } : null;
    }),
  };
}

async function replay(
  entries: readonly CheckedEntry[],
  kept: KeptAnswer,
  request: FhirRequest,
  context: InteractionContext,
): Promise<FhirResponse> {
  const written = new Map<number, Written>();
  await mapBounded(kept.entries, 500, async (entry, index) => {
    if (!entry) return;
    const { status, type, id, version } = entry;
    const stored =
      type !== undefined && id !== undefined && version !== undefined
        ? await context.store.readVersion({ type, id }, version, THE_SERVER)
        : undefined;
    written.set(index, { status, version: stored });
  });
  return respond(entries, written, request, context);
}
