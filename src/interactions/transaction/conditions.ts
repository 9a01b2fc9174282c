/** Pass 2: asks the store everything that the entries make depend on a search, each distinct question once. */
import { invalidValue, multipleMatches, notFound } from '../../model/error.ts';
import type { ResourceVersion } from '../../model/resource.ts';
import type { Guard } from '../../store/store.ts';
import { mapBounded } from '../bounded.ts';
import type { InteractionContext } from '../context.ts';
import { queryText } from '../query-text.ts';
import type { FhirRequest } from '../request.ts';
import { type Criteria, findMatches, guardKey, parseCriteria, tooManyMatches } from '../write/conditional.ts';
import { type CheckedEntry, inEntry, placeOf } from './checked-entry.ts';

export interface Conditions {
  /** By entry index: what its criteria match. Entries without criteria are not in it. */
  readonly matches: ReadonlyMap<number, readonly ResourceVersion[]>;
  /** Conditional references as written ("Practitioner?identifier=a") and what they become ("Practitioner/1"). */
  readonly references: ReadonlyMap<string, string>;
  /** For conditions that decided that something is created. */
  readonly guards: readonly Guard[];
}

/** A question to the store, and who asks. */
interface Question {
  readonly criteria: Criteria;
  readonly limit: number;
}

const AT_ONCE = 16;
const CONDITIONAL_REFERENCE = /^([A-Z][A-Za-z]+)\?(.+)$/;

/** @throws FhirError 412 when criteria match too much, 404 for a conditional patch and 400 for a reference that match nothing */
export async function resolveConditions(
  entries: readonly CheckedEntry[],
  outer: FhirRequest,
  context: InteractionContext,
): Promise<Conditions> {
  const ask = createAsker(context);
  const conditional = entries.flatMap((checked) => {
    const criteria = criteriaOf(checked, context);
    return criteria ? [{ checked, criteria }] : [];
  });
  const going = new Set(
    entries.filter(({ kind, request }) => kind === 'delete' && request.id).map(({ request }) => `${request.type}/${request.id}`),
  );
  const answers = await mapBounded(conditional, AT_ONCE, async ({ checked, criteria }) => {
    const limit = checked.kind === 'delete' ? context.limits.maxConditionalDeletes + 1 : 2 + going.size;
    const { matches, guard } = await ask({ criteria, limit });
    // Deletions come first (R4), so what this Bundle deletes no longer matches.
    const left = matches.filter(({ type, id }) => !going.has(`${type}/${id}`));
    checkCount(checked, criteria, left.length, context);
    return { checked, left, guard };
  });
  const creating = answers.filter(({ checked, left }) => left.length === 0 && (checked.kind === 'create' || checked.kind === 'update'));
  return {
    matches: new Map(answers.map(({ checked, left }) => [checked.entry.index, left])),
    references: await resolveReferences(entries, outer, context, ask),
    guards: [...new Map(creating.map(({ guard }) => [guard.key, guard])).values()],
  };
}

type Asker = (question: Question) => ReturnType<typeof findMatches>;

function createAsker(context: InteractionContext): Asker {
  const asked = new Map<string, ReturnType<typeof findMatches>>();
  return ({ criteria, limit }) => {
    const key = `${limit}|${guardKey(criteria)}`;
    const known = asked.get(key) ?? findMatches(context, criteria, limit);
    asked.set(key, known);
    return known;
  };
}

/** @throws FhirError that names the entry */
function criteriaOf(checked: CheckedEntry, context: InteractionContext): Criteria | undefined {
  try {
    return criteriaIn(checked, context);
  } catch (error) {
    throw inEntry(error, checked);
  }
}

function criteriaIn({ kind, entry, request }: CheckedEntry, context: InteractionContext): Criteria | undefined {
  const type = request.type as string;
  if (kind === 'create') return entry.ifNoneExist === undefined ? undefined : parseCriteria(request, context, type, entry.ifNoneExist);
  if (kind === 'get' || request.id !== undefined) return undefined;
  return parseCriteria(request, context, type, queryText(request.query), ['s', kind === 'delete' ? 'd' : 'u']);
}

function checkCount(checked: CheckedEntry, criteria: Criteria, count: number, { limits }: InteractionContext): void {
  const what = `${placeOf(checked)}: "${criteria.text}"`;
  if (checked.kind === 'delete') {
    if (count > limits.maxConditionalDeletes) throw tooManyMatches(criteria, limits.maxConditionalDeletes);
  } else if (count > 1) throw multipleMatches(`${what} matches several ${criteria.type} resources`);
  else if (count === 0 && checked.kind === 'patch') throw notFound(`${what} matches no ${criteria.type}`);
}

async function resolveReferences(
  entries: readonly CheckedEntry[],
  outer: FhirRequest,
  context: InteractionContext,
  ask: Asker,
): Promise<ReadonlyMap<string, string>> {
  const places = conditionalReferences(entries);
  const resolved = await mapBounded([...places], AT_ONCE, async ([reference, place]) => {
    const [, type, query] = CONDITIONAL_REFERENCE.exec(reference) as unknown as [string, string, string];
    if (!context.definitions.isResourceType(type)) throw invalidValue(`"${reference}": ${type} is not a resource type`, place);
    const { matches } = await ask({ criteria: parseCriteria(outer, context, type, query), limit: 2 });
    if (matches.length > 1) throw multipleMatches(`${place}: "${reference}" matches several resources`);
    if (!matches[0]) throw invalidValue(`"${reference}" matches nothing`, place);
    return [reference, `${type}/${matches[0].id}`] as const;
  });
  return new Map(resolved);
}

/** Each conditional reference and the place of its first use. */
function conditionalReferences(entries: readonly CheckedEntry[]): ReadonlyMap<string, string> {
  const places = new Map<string, string>();
  for (const checked of entries) {
    for (const { kind, value, path } of checked.links) {
      if (kind !== 'reference' || places.has(value) || !value.includes('?') || !CONDITIONAL_REFERENCE.test(value)) continue;
      places.set(value, `${placeOf(checked)}.resource.${path.join('.')}`);
    }
  }
  return places;
}
