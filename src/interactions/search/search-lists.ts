/** The members of Lists, for `_list`. @see https://hl7.org/fhir/R4/search.html#list */
import { invalidValue } from '../../model/error.ts';
import { keyText } from '../../model/resource.ts';
import type { InteractionContext } from '../context.ts';
import type { FhirRequest } from '../request.ts';

interface ListResource {
  readonly entry?: readonly { readonly deleted?: boolean; readonly item?: { readonly reference?: string } }[];
}

/**
 * Keys ("Patient/1") of what the List has now: entries marked as deleted and references elsewhere are left out. The caller
 * must be allowed to read it.
 */
export function listMembers(request: FhirRequest, { store, search }: InteractionContext): (id: string) => Promise<readonly string[]> {
  return async (id) => {
    request.access.require('List', 'read');
    const key = { type: 'List', id };
    const version = await store.read(key, request.access);
    if (!version || version.deleted) throw invalidValue(`_list: there is no ${keyText(key)}`, '_list');
    const { entry = [] } = JSON.parse(version.raw) as ListResource;
    return entry.flatMap(({ deleted, item }) => (deleted || item?.reference === undefined ? [] : [ownReference(item.reference)]));
  };

  function ownReference(reference: string): string {
    const start = `${search.baseUrl}/`;
    const local = reference.startsWith(start) ? reference.slice(start.length) : reference;
    return local.replace(/\/_history\/.*$/, '');
  }
}
