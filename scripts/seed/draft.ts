/** A transaction Bundle under construction. */
import type { Faker } from '@faker-js/faker';
import type { Bundle, BundleEntry, Reference, Resource } from '@medplum/fhirtypes';

/** A resource of one type, as references name it. */
export type Named<R extends Resource = Resource> = Reference<R>;

export interface Draft {
  /** Adds a POST entry; the answer refers to it by its `urn:uuid`. With `ifNoneExist` the entry is a conditional create. */
  add<R extends Resource>(resource: R, options?: { readonly ifNoneExist?: string; readonly display?: string }): Named<R>;
  /** A name for an entry that is added later, for the references that go round in a circle. */
  reserve(): string;
  /** Adds a POST entry under a name that was reserved. */
  addAs<R extends Resource>(fullUrl: string, resource: R): Named<R>;
  bundle(): Bundle;
}

export function createDraft(random: Faker): Draft {
  const entries: BundleEntry[] = [];
  const reserve = () => `urn:uuid:${random.string.uuid()}`;
  const post = <R extends Resource>(fullUrl: string, resource: R, ifNoneExist?: string): Named<R> => {
    const request = { method: 'POST' as const, url: resource.resourceType, ...(ifNoneExist && { ifNoneExist }) };
    entries.push({ fullUrl, resource, request });
    return { reference: fullUrl };
  };
  return {
    reserve,
    addAs: post,
    add(resource, options = {}) {
      const named = post(reserve(), resource, options.ifNoneExist);
      return options.display ? { ...named, display: options.display } : named;
    },
    bundle: () => ({ resourceType: 'Bundle', type: 'transaction', entry: entries }),
  };
}
