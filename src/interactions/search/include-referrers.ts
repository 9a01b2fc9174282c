/** `_revinclude`: what refers to the resources at hand. @see https://hl7.org/fhir/R4/search.html#revinclude */
import { narrowAll } from '../../access/decision.ts';
import { tooCostly } from '../../model/error.ts';
import { keyText, type ResourceVersion } from '../../model/resource.ts';
import { isServersOwn } from '../../model/servers-own.ts';
import type { SearchExpression } from '../../search/expression/expression.ts';
import type { StoreSearch } from '../../search/expression/search.ts';
import { applyAccess } from '../../search/plan/apply-access.ts';
import { patientNamedBy } from '../../search/plan/route.ts';
import { type Include, includeParameters } from '../../search/request/include.ts';
import { referenceHomes } from '../../search/request/join.ts';
import { add, type Gathering, linkTo, roomIn } from './gathering.ts';

/** References looked up at once for `_revinclude`. */
const MOST_ENTRIES = 20_000;
/** References of one type that lead to the resources at hand. */
interface Referring {
  readonly include: Include;
  readonly type: string;
  readonly code: string;
  readonly to: readonly string[];
  readonly entries: readonly string[];
}

/** @throws FhirError 422 `too-costly` for more references than can be looked up, or told in links */
export async function includeReferrers(
  gathering: Gathering,
  from: readonly ResourceVersion[],
  includes: readonly Include[],
): Promise<void> {
  const reverse = includes.filter(({ direction }) => direction === 'reverse');
  const referring = reverse.flatMap((include) => referringTo(gathering, from, include));
  const entries = referring.reduce((sum, each) => sum + each.entries.length, 0);
  if (entries > MOST_ENTRIES) throw tooCostly('_revinclude: too many references for one page; ask for a smaller _count', '_revinclude');
  if (referring.length > 0) await includeFrom(gathering, [...new Set(referring.map(({ type }) => type))], referring);
}

function referringTo(gathering: Gathering, from: readonly ResourceVersion[], include: Include): Referring[] {
  const { context, request, unreadable } = gathering;
  const byType = Map.groupBy(from, ({ type }) => type);
  const sources = include.source === undefined ? context.definitions.resourceTypes.filter((type) => !isServersOwn(type)) : [include.source];
  return sources.flatMap((source) => {
    const referring = includeParameters(include, source, context.search.registry).flatMap((parameter): Referring[] =>
      [...byType].flatMap(([target, resources]) => {
        const isLeading = parameter.targets.includes(target) && (include.target ?? target) === target;
        const homes = isLeading ? referenceHomes(parameter, target) : [];
        const to = resources.map(keyText);
        const entries = homes.flatMap((home) => to.map((reference) => `${home}${reference}`));
        return entries.length > 0 ? [{ include, type: source, code: parameter.code, to, entries }] : [];
      }),
    );
    const isAllowed = request.access.allows(source, 'search-type') && request.access.allows(source, 'read');
    if (referring.length > 0 && !isAllowed) unreadable.add(source);
    return isAllowed ? referring : [];
  });
}

async function includeFrom(gathering: Gathering, types: readonly string[], referring: readonly Referring[]): Promise<void> {
  const { context, known } = gathering;
  const where: SearchExpression = { kind: 'among', entries: referring.flatMap((each) => each.entries) };
  const sort = [{ parameter: '_identity', descending: false }];
  // What is known already comes again and takes no room.
  const limit = roomIn(gathering) + known.size + 1;
  const search = applyAccess<StoreSearch>({ types, where, sort, limit, missing: gathering.missing.tell }, (type) =>
    narrowAll(gathering.request.access, type, ['r', 's']),
  );
  if (search.where.kind === 'nothing') return;
  const patient = patientNamedBy(search.where, search.types, context.search.registry);
  const page = await context.store.search({ ...search, ...(patient && { patient }) });
  const fresh = page.map(({ resource }) => resource).filter((resource) => !known.has(keyText(resource)));
  const room = roomIn(gathering);
  add(gathering, fresh.slice(0, room));
  if (fresh.length > room) linkReferrers(gathering, referring);
}

function linkReferrers(gathering: Gathering, referring: readonly Referring[]): void {
  const wildcard = referring.find(({ include }) => include.source === undefined || include.code === undefined);
  if (wildcard) throw tooCostly(`"${wildcard.include.text}" brings more than fits a page; name the type and the parameter`, '_revinclude');
  for (const { type, code, to } of referring) linkTo(gathering, type, code, to);
}
