/** What a practitioner belongs to by the directory: roles, organizations, teams, groups. */
import { referenceText } from '../search/parameters/reference-text.ts';
import type { ResourceStore } from '../store/store.ts';
import type { CompileScopeQuery } from './scope-query.ts';

/** References ("Organization/1") that name whoever `fhirUser` is a member of. */
export type MembershipsOf = (fhirUser: string) => Promise<readonly string[]>;

interface Directory {
  readonly store: Pick<ResourceStore, 'search'>;
  readonly compileQuery: CompileScopeQuery;
  readonly baseUrl: string;
}

interface Role {
  readonly active?: boolean;
  readonly organization?: { readonly reference?: string };
}

const MOST = 200;

/**
 * By PractitionerRole (active ones, and their organizations), CareTeam and Group. An organization above another is not
 * looked for.
 */
export function createMemberships({ store, compileQuery, baseUrl }: Directory): MembershipsOf {
  const found = async (type: string, query: string) => {
    const where = compileQuery(type, query);
    if (!where) return [];
    const sort = [{ parameter: '_identity', descending: false }];
    return (await store.search({ types: [type], where, sort, limit: MOST })).map(({ resource }) => resource);
  };
  return async (fhirUser) => {
    const user = encodeURIComponent(fhirUser);
    const [roles, teams, groups] = await Promise.all([
      found('PractitionerRole', `practitioner=${user}`),
      found('CareTeam', `participant=${user}`),
      found('Group', `member=${user}`),
    ]);
    const held = roles.map(({ id, raw }) => ({ id, ...(JSON.parse(raw) as Role) })).filter(({ active }) => active !== false);
    const organizations = held.flatMap(({ organization }) => organization?.reference ?? []);
    return [
      ...held.map(({ id }) => `PractitionerRole/${id}`),
      ...organizations.map((reference) => referenceText(reference, baseUrl).text),
      ...[...teams, ...groups].map(({ type, id }) => `${type}/${id}`),
    ];
  };
}
