/**
 * Pass before the commit: a GET that would fail takes the transaction with it, for R4 has all entries end in 2xx or 3xx or
 * none. GETs see what the transaction wrote, so they are answered after the commit; what it writes itself is known before.
 * @see https://hl7.org/fhir/R4/http.html#transaction-response
 */
import { gone } from '../../model/error.ts';
import { keyText } from '../../model/resource.ts';
import { mapBounded } from '../bounded.ts';
import type { InteractionContext } from '../context.ts';
import { type CheckedEntry, inEntry, placeOf } from './checked-entry.ts';
import type { Prepared } from './prepare.ts';

/** @throws FhirError as the first GET that fails, naming its entry */
export async function checkGets(
  entries: readonly CheckedEntry[],
  prepared: readonly Prepared[],
  context: InteractionContext,
): Promise<void> {
  const gets = entries.filter(({ kind }) => kind === 'get');
  if (gets.length === 0) return;
  const drafts = new Map(prepared.flatMap(({ draft }) => (draft ? [[keyText(draft), draft] as const] : [])));
  await mapBounded(gets, context.limits.batchConcurrency, async (checked) => {
    const { request } = checked;
    const { type, id } = request;
    const draft = type !== undefined && id !== undefined ? drafts.get(keyText({ type, id })) : undefined;
    if (draft?.deleted && request.interaction === 'read')
      throw gone(`${placeOf(checked)}: ${keyText(draft)} is deleted by the transaction itself`);
    if (draft) return;
    await context.dispatch(request).catch((error: unknown) => Promise.reject(inEntry(error, checked)));
  });
}
