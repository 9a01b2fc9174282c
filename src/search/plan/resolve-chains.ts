/**
 * Pass: chains and `_has` become conditions on the resources searched, by semi-joins: first one side's ids, then the other
 * side among them. It starts from the side that is known to be small (one patient's record), else from the far end; if that
 * has more than the limit, from the near one. If both have, the search is refused: never a short answer.
 */
import { tooCostly } from '../../model/error.ts';
import type { SearchExpression } from '../expression/expression.ts';
import { and, or } from '../expression/expression.ts';
import type { StoreCollect } from '../expression/search.ts';
import type { SearchRegistry } from '../parameters/registry.ts';
import type { Criteria, Join, JoinLeg } from '../request/join.ts';
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
  const found: SearchExpression[] = [];
  for (const leg of seenOf(join, context)) found.push(await resolveLeg(leg, { join, known, types, context }));
  return simplify(or(found));
}

/** The legs into types of which the caller may see something. */
function seenOf({ legs }: Join, { narrow, refuse }: Pick<ChainContext, 'narrow' | 'refuse'>): readonly JoinLeg[] {
  const seen = legs.filter(({ other }) => simplify(narrow(other)).kind !== 'nothing');
  if (legs[0] && seen.length === 0) refuse(legs[0].other);
  return seen;
}

/** Before anything is asked: whether the answer is 403 must not hang on what is stored. @throws FhirError 403 */
export function checkAccess(joins: readonly Join[], context: Pick<ChainContext, 'narrow' | 'refuse'>): void {
  for (const join of joins) for (const { criteria } of seenOf(join, context)) checkAccess(criteria.joins, context);
}

interface Leg {
  readonly join: Join;
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
  if (leg.kind === 'has') return simplify({ kind: 'ids', ids: types.length === 1 ? idsIn(found, leg.on) : [] });
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
