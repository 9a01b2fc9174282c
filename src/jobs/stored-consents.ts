/** Consents as the stores have them: all, or those that have changed. */
import { identityOf, type ResourceVersion } from '../model/resource.ts';
import type { SearchExpression } from '../search/expression/expression.ts';
import type { HistoryPosition, ResourceStore } from '../store/store.ts';

const PAGE = 1_000;
const BY_IDENTITY = [{ parameter: '_identity', descending: false }];

/** Page by page, so that no more than one is in memory. @param active holds for active Consents */
export async function* activeConsents(
  resources: Pick<ResourceStore, 'search'>,
  active: SearchExpression,
): AsyncGenerator<readonly ResourceVersion[]> {
  let after: readonly (string | number | null)[] | undefined;
  for (;;) {
    const page = await resources.search({ types: ['Consent'], where: active, sort: BY_IDENTITY, limit: PAGE, ...(after && { after }) });
    yield page.map(({ resource }) => resource);
    after = page.at(-1)?.sortValues;
    if (page.length < PAGE || !after) return;
  }
}

/** The newest version of each that has one made at or after `since` (milliseconds since 1970), deletions included. */
export async function changedConsents(resources: Pick<ResourceStore, 'history'>, since: number): Promise<Iterable<ResourceVersion>> {
  const newest = new Map<string, ResourceVersion>();
  let after: HistoryPosition | undefined;
  for (;;) {
    const page = await resources.history({ types: ['Consent'], since, limit: PAGE, ...(after && { after }) });
    for (const version of page) {
      const known = newest.get(version.id);
      if (!known || known.version < version.version) newest.set(version.id, version);
    }
    const last = page.at(-1);
    if (page.length < PAGE || !last) return newest.values();
    after = { at: last.at, identity: identityOf(last), version: last.version };
  }
}
