/**
 * `[type]/[id]/$access-explain`: which scope, compartment or restriction lets a token reach this resource, or stops it. For
 * administrators who are asked "why can't I see it?".
 */
import definition from '../../fhir/definitions/Resource-access-explain.json' with { type: 'json' };
import { BREAK_GLASS, type BrokenGlass } from '../access/break-glass.ts';
import type { AccessDecision, AccessRule } from '../access/decision.ts';
import { THE_SERVER } from '../access/guarded-store.ts';
import type { Principal } from '../access/principal.ts';
import { letterBit, parseScopes, type ScopeLetter } from '../access/scopes.ts';
import type { InteractionContext } from '../interactions/context.ts';
import { keyOf } from '../interactions/read.ts';
import type { FhirRequest } from '../interactions/request.ts';
import { gone, invalidValue, missingValue, notFound } from '../model/error.ts';
import { type IndexEntries, keyText, type ResourceVersion } from '../model/resource.ts';
import { matches } from '../search/expression/match.ts';
import { printExpression } from '../search/expression/print.ts';
import { group, type Part, parametersAnswer, part } from './answer.ts';
import { defineOperation, type Operation } from './operation.ts';
import { type OperationInput, readInput } from './parameters.ts';

interface AccessExplainServices {
  /** The decision for a principal, with whatever restricts it beside the scopes and is not set aside by broken glass. */
  readonly decide: (principal: Principal, glass: BrokenGlass | undefined) => AccessDecision | Promise<AccessDecision>;
  /** @throws FhirError 401 for a token that is not good */
  readonly verify: (token: string) => Promise<Principal>;
}

const LETTERS: readonly ScopeLetter[] = ['r', 'u', 'd', 's'];
const ALL_LETTERS: readonly ScopeLetter[] = ['c', ...LETTERS];
/** A restriction may name thousands of patients. */
const LONGEST_CONDITION = 1_000;

export function createAccessExplainOperation({ decide, verify }: AccessExplainServices): Operation {
  return defineOperation({
    definition,
    affectsState: false,
    authorise: (access) => access.requireOperation('access-explain', 'r'),
    handle: async (request, context) => {
      const version = await currentVersion(request, context);
      const index = context.indexer.entries(JSON.parse(version.raw) as object, version);
      const input = readInput(request, context, '');
      const principal = await principalOf(request, input, context, verify);
      const glass = input.value('breakGlass') === 'true' ? glassFor(principal, index.patients[0]) : undefined;
      const access = await decide(principal, glass?.letters.length === 0 ? undefined : glass);
      const letters = await Promise.all(LETTERS.map((letter) => letterPart(letter, access, version, index, context)));
      return parametersAnswer([
        ...contextParts(access.principal),
        ...index.patients.map((patient) => part('compartment', patient)),
        ...(glass ? [part('brokenGlass', saidOfGlass(glass))] : []),
        ...letters,
      ]);
    },
  });
}

/** As if whoever has the token broke the glass: for the letters that its scope allows. */
function glassFor({ scopes }: Principal, patient = ''): BrokenGlass {
  const bits = scopes.operations.get(BREAK_GLASS) ?? 0;
  return { patient, reason: '', letters: ALL_LETTERS.filter((letter) => (bits & letterBit(letter)) !== 0) };
}

function saidOfGlass({ patient, letters }: BrokenGlass): string {
  if (letters.length === 0) return `glass is not broken: the token lacks the scope system/${BREAK_GLASS}.rs`;
  if (patient === '') return "glass is broken for nobody: the resource is in no patient's compartment";
  return `glass is broken for ${patient}: for the letters ${letters.join(', ')} no consent of theirs and no label counts`;
}

async function currentVersion(request: FhirRequest, { store }: InteractionContext): Promise<ResourceVersion> {
  const key = keyOf(request);
  const version = await store.read(key, THE_SERVER);
  if (!version) throw notFound(`there is no ${keyText(key)}`);
  if (version.deleted) throw gone(`${keyText(key)} was deleted`);
  return version;
}

/** Of a token, which comes in the body since URLs are logged; or of what a token would say. @throws FhirError 400, 401 */
async function principalOf(
  { query }: FhirRequest,
  input: OperationInput,
  { definitions }: InteractionContext,
  verify: AccessExplainServices['verify'],
): Promise<Principal> {
  if (query.some(([name]) => name === 'token')) throw invalidValue('a token comes in the body: POST a Parameters resource', 'token');
  const token = input.value('token');
  if (token !== undefined) return verify(token);
  const scope = input.value('scope');
  if (scope === undefined) throw missingValue('whose access? Give a scope (and patient, fhirUser), or a token in the body', 'scope');
  const [patient, fhirUser, purpose] = [input.value('patient'), input.value('fhirUser'), input.value('purpose')];
  return {
    client: input.value('client') ?? 'anyone',
    subject: input.value('subject') ?? 'anyone',
    issuer: '',
    scopes: parseScopes(scope, definitions.isResourceType),
    ...(patient !== undefined && { patient }),
    ...(fhirUser !== undefined && { fhirUser }),
    ...(purpose !== undefined && { purposes: [purpose] }),
    expiresAt: Number.POSITIVE_INFINITY,
  };
}

function contextParts({ client, subject, patient, fhirUser, scopes }: Principal): Part[] {
  return [
    part('client', client),
    part('subject', subject),
    part('patient', patient),
    part('fhirUser', fhirUser),
    ...scopes.refused.map((scope) => part('notAScope', scope)),
  ];
}

async function letterPart(
  letter: ScopeLetter,
  access: AccessDecision,
  version: ResourceVersion,
  index: IndexEntries,
  { store }: InteractionContext,
): Promise<Part> {
  const isAllowed = (await store.read(version, access, letter)) !== undefined;
  const rules = access.rulesFor(version.type, letter);
  return group('letter', [
    part('code', letter),
    part('allowed', isAllowed),
    ...(rules.some(({ kind }) => kind === 'scope') ? [] : [part('reason', `no scope of the token names ${version.type} with "${letter}"`)]),
    ...(version.type === 'Binary' && access.followsSecurityContext(letter)
      ? [part('reason', 'a Binary is reached through the resource that its securityContext names')]
      : []),
    ...rules.map((rule) => rulePart(rule, version, index)),
  ]);
}

function rulePart(rule: AccessRule, version: ResourceVersion, index: IndexEntries): Part {
  const holds = matches(rule.condition, { ...version, index });
  return group('rule', [
    part('kind', rule.kind),
    part('name', rule.name),
    part('condition', shortened(printExpression(rule.condition))),
    part('holds', holds),
    part('reason', reasonOf(rule, holds, version, index)),
    ...(rule.explain?.({ ...version, index }) ?? []).map((why) => part('because', why)),
  ]);
}

const shortened = (text: string) => (text.length > LONGEST_CONDITION ? `${text.slice(0, LONGEST_CONDITION)}…` : text);

function reasonOf({ kind, record, condition }: AccessRule, holds: boolean, { type }: ResourceVersion, { patients }: IndexEntries): string {
  if (kind === 'restriction') return holds ? 'leaves the resource in reach' : 'takes the resource out of reach';
  if (holds) return record === undefined ? 'reaches the resource' : `reaches the resource, within the record of ${record}`;
  if (condition.kind === 'nothing') {
    return record === undefined
      ? 'is void: it needs a patient in the token, or its restriction is not understood'
      : `reaches nothing of ${type}: the type is outside the patient compartment, or the restriction is not understood`;
  }
  if (record !== undefined && !patients.includes(record))
    return `stays in the record of ${record}; the resource is ${patients.length > 0 ? `in that of ${patients.join(', ')}` : "in nobody's"}`;
  return "the scope's restriction does not hold for the resource";
}
