/**
 * `GET /Patient/{id}/$de-identify`: the record as a collection without what tells whose it is, by HIPAA's Safe Harbor.
 * @see https://www.ecfr.gov/current/title-45/section-164.514
 */
import { randomBytes } from 'node:crypto';
import definition from '../../fhir/definitions/Patient-de-identify.json' with { type: 'json' };
import type { Definitions } from '../definitions/definitions.ts';
import { createDeidentifier } from '../deidentification/deidentify.ts';
import { createPseudonyms } from '../deidentification/pseudonym.ts';
import type { InteractionContext } from '../interactions/context.ts';
import type { FhirRequest } from '../interactions/request.ts';
import { gone, notFound, tooCostly } from '../model/error.ts';
import { keyText, type ResourceKey } from '../model/resource.ts';
import { applyAccess } from '../search/plan/apply-access.ts';
import { defineOperation, type Operation } from './operation.ts';
import { readInput } from './parameters.ts';

/** Larger records are for an export. */
const MOST_RESOURCES = 20_000;
const PAGE = 1_000;
const SORT = [{ parameter: '_identity', descending: false }];

/** @param key of pseudonyms: the same key and set give the same ones */
export function createDeidentifyOperation(definitions: Definitions, key: Uint8Array): Operation {
  const deidentifier = createDeidentifier(definitions);
  const members = new Set(['Patient', ...Object.keys(definitions.compartments.Patient ?? {})]);
  const types = deidentifier.types.filter((type) => members.has(type));
  return defineOperation({
    definition,
    affectsState: false,
    authorise: (access) => {
      access.requireOperation('de-identify', 'r');
      access.require('Patient', 'read');
    },
    handle: async (request, context) => {
      const owner = { type: 'Patient', id: request.id as string };
      const patient = await context.store.read(owner, request.access);
      if (!patient) throw notFound(`there is no ${keyText(owner)}`);
      if (patient.deleted) throw gone(`${keyText(owner)} was deleted`);
      const readable = types.filter((type) => request.access.allows(type, 'read') && request.access.allows(type, 'search-type'));
      const others = await textsOf(owner, readable, request, context);
      const set = readInput(request, context, '').value('set') ?? randomBytes(16).toString('hex');
      const { resources, leftOut } = deidentifier.deidentify({
        patient: patient.raw,
        resources: [patient.raw, ...others],
        pseudonymise: createPseudonyms(key, set),
        baseUrl: request.baseUrl,
        now: context.now(),
      });
      const notes = [...leftOut].map(([type, count]) => `${count} of ${type}`);
      const missing = types.length - readable.length;
      if (missing > 0) notes.push(`${missing} types that the token may not search and read`);
      const outcome = notes.length === 0 ? [] : [outcomeOf(`Left out: ${notes.join(', ')}.`)];
      const entry = [...resources, ...outcome].map((resource) => ({ resource }));
      return {
        status: 200,
        headers: {},
        body: { kind: 'fhir', text: JSON.stringify({ resourceType: 'Bundle', type: 'collection', entry }) },
      };
    },
  });
}

const outcomeOf = (diagnostics: string) => ({
  resourceType: 'OperationOutcome',
  issue: [{ severity: 'information', code: 'suppressed', diagnostics }],
});

/** The record without the patient. @throws FhirError 422 `too-costly` */
async function textsOf(
  owner: ResourceKey,
  types: readonly string[],
  { access }: FhirRequest,
  { store }: InteractionContext,
): Promise<readonly string[]> {
  const patient = keyText(owner);
  const where = { kind: 'patient', reference: patient } as const;
  const narrow = (type: string) => access.narrow(type, 's');
  const texts: string[] = [];
  for (let after: readonly (string | number | null)[] | undefined; types.length > 0; ) {
    const search = { types, where, patient, sort: SORT, limit: PAGE, ...(after && { after }) };
    const page = await store.search(applyAccess(search, narrow));
    texts.push(...page.filter(({ resource }) => keyText(resource) !== patient).map(({ resource }) => resource.raw));
    after = page.at(-1)?.sortValues;
    if (page.length < PAGE) break;
    if (texts.length > MOST_RESOURCES) throw tooCostly(`the record has more than ${MOST_RESOURCES} resources`);
  }
  return texts;
}
