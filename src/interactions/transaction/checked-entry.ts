/** An entry of a transaction that may be carried out: routed, allowed, its resource valid. */

import type { Link } from '../../definitions/links.ts';
import { FhirError, ofEntry } from '../../model/error.ts';
import type { BundleEntry } from '../bundle/bundle-entry.ts';
import type { Patch } from '../patch/patch-body.ts';
import type { FhirRequest } from '../request.ts';
import type { IncomingResource } from '../write/incoming.ts';

export interface CheckedEntry {
  readonly entry: BundleEntry;
  /** The entry as a request of its own. */
  readonly request: FhirRequest;
  readonly kind: 'create' | 'update' | 'patch' | 'delete' | 'get';
  /** Of a create or update. The pass that rewrites links changes `tree` in place. */
  readonly resource?: IncomingResource;
  /** Every link in the resource, as the client wrote it. */
  readonly links: readonly Link[];
  /** Of a patch. */
  readonly patch?: Patch;
}

/** "Bundle.entry[3]" */
export const placeOf = ({ entry }: CheckedEntry): string => `Bundle.entry[${entry.index}]`;

/** An error that an entry met, as one that names the entry. */
export const inEntry = (error: unknown, checked: CheckedEntry): unknown =>
  error instanceof FhirError ? ofEntry(error, placeOf(checked)) : error;
