/**
 * Pass: chains and `_has` become conditions on the resources searched, by semi-joins: first one side's ids, then the other
 * side among them. It starts from the side that is known to be small (one patient's record), else from the far end; if that
 * has more than the limit, from the near one. If both have, the search is refused: never a short answer.
 */
import { tooCostly } from '../../model/error.ts';
import { unreachable } from '../../model/unreachable.ts';
import type { SearchExpression } from '../expression/expression.ts';
import { and, not, or } from '../expression/expression.ts';
import type { StoreCollect } from '../expression/search.ts';
import type { SearchRegistry } from '../parameters/registry.ts';
import type { Criteria, CriteriaTree, Join, JoinLeg } from '../request/join.ts';
import { applyAccess, type Narrow } from './apply-access.ts';
import type { Authorized } from './authorized.ts';
import { patientNamedBy } from './route.ts';
import { simplify } from './simplify.ts';

export interface ChainContext {
  readonly registry: SearchRegistry;
  /** What the caller may see, applied at every hop. */
  readonly narrow: Narrow;
  /** Called for a type that the caller may see nothing of, when there is no other to look into. @throws FhirError 403 */
  readonly refuse: (type: string) => void;
  readonly collect: (request: Authorized<StoreCollect>) => Promise<readonly string[]>;
  /** Keys ("Patient/1") of a List's entries. @throws FhirError 400 for one that is not there, 403 for one that may not be read */
  readonly membersOf: (listId: string) => Promise<readonly string[]>;
  /** Ids between two hops; default 10,000. */
  readonly mostIds?: number;
}

const MOST_IDS = 10_000;

/**
 * One condition that stands for the criteria, on resources of these types. `where` is what is known of them already.
 * @throws FhirError 403 for a type that the caller may not search, 422 `too-costly`
 */
export async function resolveCriteria(
  criteria: Criteria,
  types: readonly string[],
  where: SearchExpression,
  context: ChainContext,
): Promise<SearchExpression> {
  let known = simplify(and([where, criteria.where]));
  for (const join of criteria.joins) {
    if (known.kind === 'nothing') return known;
    known = simplify(and([known, await resolveJoin(join, known, types, context)]));
  }
  return known;
}

async function resolveJoin(
  join: Join,
  known: SearchExpression,
  types: readonly string[],
  context: ChainContext,
): Promise<SearchExpression> {
  if (join.kind === 'list') return resolveList(join, types, context);
  if (join.kind === 'tree') return resolveTree(join.tree, known, types, context);
  const found: SearchExpression[] = [];
  for (const leg of seenOf(join, context)) found.push(await resolveLeg(leg, { join, known, types, context }));
  return simplify(or(found));
}

/** The entries of the lists, by type. @throws FhirError 422 for more than the limit */
async function resolveList({ name, ids }: JoinOf<'list'>, types: readonly string[], context: ChainContext): Promise<SearchExpression> {
  const lists = await Promise.all(ids.map(context.membersOf));
  const members = lists.flat();
  const most = context.mostIds ?? MOST_IDS;
  if (members.length > most) throw tooCostly(`"${name}" has more than ${most} entries`, name);
  const byType = types.map((type): SearchExpression => ofType(type, { kind: 'ids', ids: idsIn(members, type) }, types));
  return simplify(or(byType));
}

/** An id means another resource in each type. */
function ofType(type: string, ids: SearchExpression, types: readonly string[]): SearchExpression {
  return types.length === 1 ? ids : and([{ kind: 'types', types: [type] }, ids]);
}

/** Every leaf among what is known already, so that its complement is exact there too. */
async function resolveTree(
  tree: CriteriaTree,
  known: SearchExpression,
  types: readonly string[],
  context: ChainContext,
): Promise<SearchExpression> {
  switch (tree.kind) {
    case 'leaf': {
      const { where, joins } = tree.criteria;
      const found = [where];
      for (const join of joins) found.push(await resolveJoin(join, known, types, context));
      return simplify(and(found));
    }
    case 'not':
      return simplify(not(await resolveTree(tree.of, known, types, context)));
    case 'and':
    case 'or': {
      const parts: SearchExpression[] = [];
      for (const part of tree.of) parts.push(await resolveTree(part, known, types, context));
      return simplify(tree.kind === 'and' ? and(parts) : or(parts));
    }
    default:
      return unreachable(tree);
  }
}

type JoinOf<K extends Join['kind']> = Extract<Join, { kind: K }>;

/** The legs into types of which the caller may see something. */
function seenOf({ legs }: Pick<JoinOf<'legs'>, 'legs'>, { narrow, refuse }: Pick<ChainContext, 'narrow' | 'refuse'>): readonly JoinLeg[] {
  const seen = legs.filter(({ other }) => simplify(narrow(other)).kind !== 'nothing');
  if (legs[0] && seen.length === 0) refuse(legs[0].other);
  return seen;
}

/** Before anything is asked: whether the answer is 403 must not hang on what is stored. @throws FhirError 403 */
export function checkAccess(joins: readonly Join[], context: Pick<ChainContext, 'narrow' | 'refuse'>): void {
  for (const join of joins) {
    if (join.kind === 'legs') for (const { criteria } of seenOf(join, context)) checkAccess(criteria.joins, context);
    if (join.kind === 'tree') checkAccess(joinsIn(join.tree), context);
  }
}

function joinsIn(tree: CriteriaTree): readonly Join[] {
  if (tree.kind === 'leaf') return tree.criteria.joins;
  return tree.kind === 'not' ? joinsIn(tree.of) : tree.of.flatMap(joinsIn);
}

interface Leg {
  readonly join: JoinOf<'legs'>;
  /** What is known of the resources searched, and of which types they are. */
  readonly known: SearchExpression;
  readonly types: readonly string[];
  readonly context: ChainContext;
}

async function resolveLeg(leg: JoinLeg, at: Leg): Promise<SearchExpression> {
  const isInOneRecord = patientNamedBy(at.known, at.types, at.context.registry) !== undefined;
  const [first, second] = isInOneRecord ? [fromNear, fromFar] : [fromFar, fromNear];
  const found = (await first(leg, at)) ?? (await second(leg, at));
  if (found) return found;
  const most = at.context.mostIds ?? MOST_IDS;
  throw tooCostly(`"${at.join.name}" goes through more than ${most} resources; narrow the search, or the end of the chain`, at.join.name);
}

/** Who meets the far end's criteria; undefined if they are too many. */
function fromFar(leg: JoinLeg, at: Leg): Promise<SearchExpression | undefined> {
  return farEnd(leg, at, at.context.narrow(leg.other));
}

/** Those of the far end that the near one is joined to, then who of them meets the criteria; undefined if they are too many. */
async function fromNear(leg: JoinLeg, at: Leg): Promise<SearchExpression | undefined> {
  if (at.known.kind === 'everything') return undefined;
  const starts = leg.kind === 'chain' ? startsOf(leg) : undefined;
  const near = await collectAll({ types: [leg.on], where: at.known, prefixes: starts }, at.context);
  if (!near) return undefined;
  const joined: SearchExpression =
    leg.kind === 'chain'
      ? { kind: 'ids', ids: idsIn(near, leg.other) }
      : { kind: 'among', entries: idsIn(near, leg.on).flatMap((id) => leg.homes.map((home) => `${home}${leg.on}/${id}`)) };
  return farEnd(leg, at, and([joined, at.context.narrow(leg.other)]));
}

async function farEnd(leg: JoinLeg, { context, types }: Leg, allowed: SearchExpression): Promise<SearchExpression | undefined> {
  const where = await resolveIfFew(leg, allowed, context);
  if (where === undefined) return undefined;
  const found = await collectAll({ types: [leg.other], where, prefixes: leg.kind === 'has' ? startsOf(leg) : undefined }, context);
  if (!found) return undefined;
  if (leg.kind === 'has') return simplify(ofType(leg.on, { kind: 'ids', ids: idsIn(found, leg.on) }, types));
  const ids = idsIn(found, leg.other);
  return simplify({ kind: 'among', entries: ids.flatMap((id) => leg.homes.map((home) => `${home}${leg.other}/${id}`)) });
}

async function resolveIfFew(leg: JoinLeg, where: SearchExpression, context: ChainContext): Promise<SearchExpression | undefined> {
  try {
    return await resolveCriteria(leg.criteria, [leg.other], where, context);
  } catch (error) {
    if (isTooCostly(error)) return undefined;
    throw error;
  }
}

const isTooCostly = (error: unknown) =>
  typeof error === 'object' && error !== null && 'issues' in error && (error.issues as { code?: string }[])[0]?.code === 'too-costly';

/** How the entries start that lead to the leg's referenced type. */
const startsOf = ({ kind, homes, on, other }: JoinLeg) => homes.map((home) => `${home}${kind === 'chain' ? other : on}/`);

/** All of them, or undefined if they are more than the limit. */
async function collectAll(
  request: Omit<StoreCollect, 'limit' | 'patient'>,
  { collect, narrow, registry, mostIds = MOST_IDS }: ChainContext,
): Promise<readonly string[] | undefined> {
  const seen = applyAccess<StoreCollect>({ ...request, limit: mostIds + 1 }, narrow);
  if (seen.where.kind === 'nothing') return [];
  const patient = patientNamedBy(seen.where, seen.types, registry);
  const found = await collect({ ...seen, ...(patient && { patient }) });
  return found.length > mostIds ? undefined : found;
}

const LOCAL = /(?:^|=)([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})$/;

/** Ids of this type in keys ("Patient/1") or entries ("Observation.subject=Patient/1"); references elsewhere lead to none. */
function idsIn(texts: readonly string[], type: string): string[] {
  const ids = new Set<string>();
  for (const text of texts) {
    const [, named, id] = LOCAL.exec(text) ?? [];
    if (named === type && id !== undefined) ids.add(id);
  }
  return [...ids];
}
