/**
 * How many versions a history has, over all its pages.
 * @see https://hl7.org/fhir/R4/bundle-definitions.html#Bundle.total
 */
import type { ResourceVersion } from '../../model/resource.ts';
import type { HistoryRequest } from '../../store/store.ts';
import type { InteractionContext } from '../context.ts';
import type { FhirRequest } from '../request.ts';

/** The first page: what was asked for, and what was found, one version past the page if there are more. */
interface FirstPage {
  readonly asked: HistoryRequest;
  readonly found: readonly ResourceVersion[];
}

/** Versions of one resource that are read only to be counted. */
const MOST_COUNTED = 1000;

/**
 * Undefined where it would cost more than the page: R4 lets a history do without, and a wrong number would be worse. Nothing is
 * read for it where one page holds all, and where the history is the whole one of a resource: versions are numbered without gaps.
 */
export async function totalOfHistory(
  { asked, found }: FirstPage,
  { access }: Pick<FhirRequest, 'access'>,
  { store }: Pick<InteractionContext, 'store'>,
): Promise<number | undefined> {
  if (found.length < asked.limit) return found.length;
  const { id, types = [], since, during } = asked;
  const [newest] = found;
  if (id === undefined || !newest) return undefined;
  const isWhole = since === undefined && during === undefined && types.every((type) => access.reachesAll(type, 'r'));
  if (isWhole) return newest.version;
  const counted = await store.history({ ...asked, limit: MOST_COUNTED + 1 }, access);
  // Later writes are none of this history's.
  const known = counted.filter(({ version }) => version <= newest.version).length;
  return counted.length > MOST_COUNTED ? undefined : known;
}
