/**
 * Batch: entries that know nothing of each other. A Bundle of type transaction goes on to `transaction.ts`.
 * @see https://hl7.org/fhir/R4/http.html#transaction
 */

import { errorResponse } from './answer/error-response.ts';
import { mapBounded } from './bounded.ts';
import { type BundleEntry, readBundle, requestOf } from './bundle/bundle-entry.ts';
import { bundleText } from './bundle/bundle-text.ts';
import { responseEntry } from './bundle/entry-response.ts';
import type { InteractionContext } from './context.ts';
import type { FhirRequest, FhirResponse } from './request.ts';
import { runTransaction } from './transaction.ts';

/** What is posted to the base. 200 whatever became of single entries; each has its own status. */
export async function batch(request: FhirRequest, context: InteractionContext): Promise<FhirResponse> {
  const bundle = await readBundle(request, context);
  if (bundle.type === 'transaction') return runTransaction(request, context, bundle.entries);
  const answers = await mapBounded(bundle.entries, context.limits.batchConcurrency, (entry) => answerEntry(entry, request, context));
  return {
    status: 200,
    headers: {},
    body: { kind: 'fhir', text: bundleText('batch-response', [], undefined, answers.map(responseEntry)) },
  };
}

/** Never throws: an error is the entry's answer. */
async function answerEntry(entry: BundleEntry, outer: FhirRequest, context: InteractionContext): Promise<FhirResponse> {
  try {
    const request = requestOf(entry, outer, context);
    const { trace } = context;
    if (!trace) return await context.dispatch(request);
    return await trace.interaction(`${request.interaction} ${request.type ?? ''}`.trim(), () => context.dispatch(request));
  } catch (error) {
    return errorResponse(error, context.log, outer.by.request);
  }
}
