/**
 * `GET /Patient/{id}/$everything`: the record, in pages, each with what it refers to outside the record (practitioners,
 * organizations, locations). One shard has the clinical part.
 * @see https://hl7.org/fhir/R4/patient-operation-everything.html
 */
import definition from '../../fhir/definitions/Patient-everything.json' with { type: 'json' };
import type { InteractionContext } from '../interactions/context.ts';
import { instantPeriod } from '../interactions/instant-period.ts';
import { PAGE } from '../interactions/page-cursor.ts';
import { keyOf } from '../interactions/read.ts';
import type { FhirRequest, FhirResponse } from '../interactions/request.ts';
import { answerSearch } from '../interactions/search-bundle.ts';
import { compartmentTypes } from '../interactions/search-compartment.ts';
import { gone, type Issue, invalidValue, notFound, unsupportedParameter } from '../model/error.ts';
import { keyText } from '../model/resource.ts';
import type { SearchExpression } from '../search/expression/expression.ts';
import { and } from '../search/expression/expression.ts';
import type { Include } from '../search/request/include.ts';
import { careWithin } from './care-dates.ts';
import { defineOperation } from './operation.ts';
import { type OperationInput, readInput } from './parameters.ts';

const USUAL_COUNT = 100;

/** What the record refers to. */
const REFERRED: Include = { text: '_include=*', direction: 'forward', isIterated: false };

export const patientEverything = defineOperation({
  definition,
  affectsState: false,
  authorise: (access) => access.require('Patient', 'read'),
  handle: async (request, context) => {
    checkNames(request);
    const owner = keyOf(request);
    const input = readInput(request, context, '');
    // Side by side: the record is all but always there.
    const [patient, page] = await Promise.all([context.store.read(owner), pageOf(request, context, input)]);
    if (!patient) throw notFound(`there is no ${keyText(owner)}`);
    if (patient.deleted) throw gone(`${keyText(owner)} was deleted`);
    return page;
  },
});

const PARAMETERS = new Set<string>([...definition.parameter.map(({ name }) => name), PAGE]);

/** @throws FhirError 400 */
function checkNames({ query }: FhirRequest): void {
  const unknown = query.find(([name]) => !PARAMETERS.has(name));
  if (unknown) throw unsupportedParameter(`$everything has no parameter "${unknown[0]}"`, unknown[0]);
}

function pageOf(request: FhirRequest, context: InteractionContext, input: OperationInput): Promise<FhirResponse> {
  const owner = keyOf(request);
  const members = compartmentTypes(owner, context.definitions);
  const { types, issues } = typesOf(request, members, input.values('_type'));
  const page = input.value(PAGE);
  const names = ['start', 'end', '_since', '_count'] as const;
  const applied = [
    ...names.flatMap((name) => pair(name, input.value(name))),
    ...pair('_type', input.values('_type').join(',') || undefined),
  ];
  const search = {
    types,
    where: whereOf(keyText(owner), types, input, context),
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
  return answerSearch(request, context, search, { mayInclude: (type) => !isMember.has(type), issues });
}

const pair = (name: string, value: string | undefined): [string, string][] => (value === undefined ? [] : [[name, value]]);

/** @throws FhirError 400 for a type that is in no patient's record, 403 for one that was asked for and may not be read */
function typesOf(
  { access }: FhirRequest,
  members: readonly string[],
  asked: readonly string[],
): { readonly types: readonly string[]; readonly issues: readonly Issue[] } {
  const stranger = asked.find((type) => !members.includes(type));
  if (stranger) throw invalidValue(`_type: "${stranger}" is not a type of a patient's record`, '_type');
  for (const type of asked) {
    access.require(type, 'search-type');
    access.require(type, 'read');
  }
  const wanted = asked.length > 0 ? members.filter((type) => asked.includes(type)) : members;
  const types = wanted.filter((type) => access.allows(type, 'read') && access.allows(type, 'search-type'));
  if (types.length === wanted.length) return { types, issues: [] };
  const diagnostics = `The token may search and read ${types.length} of the ${wanted.length} types of a record: only those are here.`;
  return { types, issues: [{ severity: 'warning', code: 'suppressed', diagnostics }] };
}

function whereOf(reference: string, types: readonly string[], input: OperationInput, context: InteractionContext): SearchExpression {
  const since = input.value('_since');
  const within = careWithin(input.value('start'), input.value('end'), types, context.search.registry);
  const updated = since === undefined ? [] : [updatedFrom(instantPeriod(since, '_since').from)];
  return and([{ kind: 'patient', reference }, ...updated, ...(within ? [within] : [])]);
}

const updatedFrom = (value: number): SearchExpression => ({ kind: 'updated', conditions: [{ bound: 'lo', op: 'ge', value }] });

/** @throws FhirError 400 */
function countOf(text: string | undefined, { limits }: InteractionContext): number {
  if (text === undefined) return USUAL_COUNT;
  if (!/^\d{1,9}$/.test(text) || Number(text) === 0) throw invalidValue(`_count must be a positive number, not "${text}"`, '_count');
  return Math.min(Number(text), limits.maxPageSize);
}
