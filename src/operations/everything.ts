/**
 * `$everything` of a patient or an encounter: the record, in pages, each with what it refers to outside the record
 * (practitioners, organizations, locations). Of a patient, one shard has the clinical part.
 * @see https://hl7.org/fhir/R4/patient-operation-everything.html
 * @see https://hl7.org/fhir/R4/encounter-operation-everything.html
 */
import encounterDefinition from '../../fhir/definitions/Encounter-everything.json' with { type: 'json' };
import patientDefinition from '../../fhir/definitions/Patient-everything.json' with { type: 'json' };
import { missingParts } from '../interactions/answer/missing-parts.ts';
import { PAGE } from '../interactions/bundle/page-cursor.ts';
import type { InteractionContext } from '../interactions/context.ts';
import { instantPeriod } from '../interactions/history/instant-period.ts';
import { keyOf } from '../interactions/read.ts';
import type { FhirRequest, FhirResponse } from '../interactions/request.ts';
import { answerSearch } from '../interactions/search/search-bundle.ts';
import { inCompartment } from '../interactions/search/search-compartment.ts';
import { gone, type Issue, invalidValue, notFound } from '../model/error.ts';
import { keyText, type ResourceKey, type ResourceVersion } from '../model/resource.ts';
import { isServersOwn } from '../model/servers-own.ts';
import type { SearchExpression } from '../search/expression/expression.ts';
import { and } from '../search/expression/expression.ts';
import type { Include } from '../search/request/include.ts';
import { careWithin } from './care-dates.ts';
import { defineOperation, type Operation } from './operation.ts';
import { type OperationInput, readInput } from './parameters.ts';

const USUAL_COUNT = 100;

/** What the record refers to. */
const REFERRED: Include = { text: '_include=*', direction: 'forward', isIterated: false };

interface EverythingDefinition {
  readonly parameter: readonly { readonly name: string }[];
}

function everythingOf(type: 'Patient' | 'Encounter', definition: EverythingDefinition): Operation {
  return defineOperation({
    definition,
    affectsState: false,
    ownParameters: [PAGE],
    authorise: (access) => access.require(type, 'read'),
    handle: (request, context) => pageOf(request, context, readInput(request, context, '')),
  });
}

/** `GET /Patient/{id}/$everything` */
export const patientEverything = everythingOf('Patient', patientDefinition);
/** `GET /Encounter/{id}/$everything` */
export const encounterEverything = everythingOf('Encounter', encounterDefinition);

async function pageOf(request: FhirRequest, context: InteractionContext, input: OperationInput): Promise<FhirResponse> {
  const owner = keyOf(request);
  const members = membersOf(owner.type, context);
  const { types, issues } = typesOf(request, members, input.values('_type'));
  const page = input.value(PAGE);
  const names = ['start', 'end', '_since', '_count'] as const;
  const applied = [
    ...names.flatMap((name) => pair(name, input.value(name))),
    ...pair('_type', input.values('_type').join(',') || undefined),
  ];
  // The patient is in its own compartment as every store knows it; an encounter leads its first page.
  const isFound = owner.type === 'Patient';
  const search = {
    types: isFound ? types : types.filter((type) => type !== owner.type),
    where: whereOf(owner, types, input, context),
    within: `${keyText(owner)}/$everything`,
    joins: [],
    includes: [REFERRED],
    sort: [],
    count: countOf(input.value('_count'), context),
    applied,
    ignored: [],
    ...(page !== undefined && { page }),
  };
  const isMember = new Set(members);
  const missing = missingParts(request);
  const answer = { mayInclude: (type: string) => !isMember.has(type), issues, letters: ['r', 's'] as const, missing };
  if (isFound) {
    // A page that has the patient says that it is there. Where it can't be read, the part of the record in the other store is told.
    const whenFound = async (matched: readonly ResourceVersion[]) => {
      if (matched.some(({ type, id }) => type === owner.type && id === owner.id)) return;
      await missing.orWithout(context.store.read(owner, request.access).then((version) => checkThere(version, owner)));
    };
    return answerSearch(request, context, search, { ...answer, whenFound });
  }
  const since = sinceOf(input);
  const encounter = checkThere(await context.store.read(owner, request.access), owner);
  const leading = types.includes(owner.type) && encounter.at >= since ? [encounter] : [];
  return answerSearch(request, context, search, { ...answer, leading });
}

/** @throws FhirError 404, 410 */
function checkThere(version: ResourceVersion | undefined, owner: ResourceKey): ResourceVersion {
  if (!version) throw notFound(`there is no ${keyText(owner)}`);
  if (version.deleted) throw gone(`${keyText(owner)} was deleted`);
  return version;
}

/** Types of the record, the owner's own among them. */
function membersOf(type: string, { definitions: { compartments } }: InteractionContext): string[] {
  return [...new Set([type, ...Object.keys(compartments[type] ?? {})])].sort();
}

const pair = (name: string, value: string | undefined): [string, string][] => (value === undefined ? [] : [[name, value]]);

/** @throws FhirError 400 for a type that is in no patient's record, 403 for one that was asked for and may not be read */
function typesOf(
  { access }: FhirRequest,
  members: readonly string[],
  asked: readonly string[],
): { readonly types: readonly string[]; readonly issues: readonly Issue[] } {
  const stranger = asked.find((type) => !members.includes(type));
  if (stranger) throw invalidValue(`_type: "${stranger}" is not a type of such a record`, '_type');
  for (const type of asked) {
    access.require(type, 'search-type');
    access.require(type, 'read');
  }
  const wanted = asked.length > 0 ? members.filter((type) => asked.includes(type)) : members.filter((type) => !isServersOwn(type));
  const types = wanted.filter((type) => access.allows(type, 'read') && access.allows(type, 'search-type'));
  if (types.length === wanted.length) return { types, issues: [] };
  const diagnostics = `The token may search and read ${types.length} of the ${wanted.length} types of a record: only those are here.`;
  return { types, issues: [{ severity: 'warning', code: 'suppressed', diagnostics }] };
}

function whereOf(owner: ResourceKey, types: readonly string[], input: OperationInput, context: InteractionContext): SearchExpression {
  const { definitions, search } = context;
  const members = owner.type === 'Patient' ? types : types.filter((type) => type !== owner.type);
  const within = careWithin(input.value('start'), input.value('end'), types, search.registry);
  const since = sinceOf(input);
  return and([
    inCompartment(owner, members, definitions, search.registry),
    ...(since === Number.NEGATIVE_INFINITY ? [] : [updatedFrom(since)]),
    ...(within ? [within] : []),
  ]);
}

/** @throws FhirError 400 */
function sinceOf(input: OperationInput): number {
  const since = input.value('_since');
  return since === undefined ? Number.NEGATIVE_INFINITY : instantPeriod(since, '_since').from;
}

const updatedFrom = (value: number): SearchExpression => ({ kind: 'updated', conditions: [{ bound: 'lo', op: 'ge', value }] });

/** @throws FhirError 400 */
function countOf(text: string | undefined, { limits }: InteractionContext): number {
  if (text === undefined) return USUAL_COUNT;
  if (!/^\d{1,9}$/.test(text) || Number(text) === 0) throw invalidValue(`_count must be a positive number, not "${text}"`, '_count');
  return Math.min(Number(text), limits.maxPageSize);
}
