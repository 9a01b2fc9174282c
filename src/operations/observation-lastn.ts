/**
 * `GET /Observation/$lastn?patient=…`: the newest observations of a patient, at most `max` for each code. All search
 * parameters of Observation narrow it.
 * @see https://hl7.org/fhir/R4/observation-operation-lastn.html
 */
import definition from '../../fhir/definitions/Observation-lastn.json' with { type: 'json' };
import { bundleText } from '../interactions/bundle/bundle-text.ts';
import type { InteractionContext } from '../interactions/context.ts';
import { boundedPairs, queryText } from '../interactions/query-text.ts';
import type { FhirRequest } from '../interactions/request.ts';
import { narrowFor } from '../interactions/search/understand-search.ts';
import { invalidValue, missingValue, tooCostly, unsupportedParameter } from '../model/error.ts';
import type { ResourceVersion } from '../model/resource.ts';
import { applyAccess } from '../search/plan/apply-access.ts';
import { patientNamedBy } from '../search/plan/route.ts';
import { isControl } from '../search/request/controls.ts';
import { parseSearch } from '../search/request/parse.ts';
import { asksForVocabulary } from '../terminology/vocabulary.ts';
import { defineOperation } from './operation.ts';

/** Observations looked at, newest first. */
const MOST = 5_000;
const MOST_EACH = 100;

export const observationLastn = defineOperation({
  definition,
  affectsState: false,
  takesSearch: true,
  authorise: (access) => {
    access.require('Observation', 'search-type');
    access.require('Observation', 'read');
  },
  handle: async (request, context) => {
    if (request.body) throw unsupportedParameter('$lastn takes its parameters in the URL');
    const pairs = boundedPairs(request.query, context.limits.maxSearchParameters);
    const each = maxOf(pairs.findLast(([name]) => name === 'max')?.[1]);
    const newest = await newestFirst(
      request,
      context,
      pairs.filter(([name]) => name !== 'max'),
    );
    const chosen = lastOfEachCode(newest, each);
    const entries = chosen.map(({ type, id, raw }) => {
      const fullUrl = JSON.stringify(`${request.baseUrl}/${type}/${id}`);
      return `{"fullUrl":${fullUrl},"resource":${raw},"search":{"mode":"match"}}`;
    });
    const self = { relation: 'self', url: `${request.baseUrl}/${request.path}?${queryText(pairs)}` };
    return { status: 200, headers: {}, body: { kind: 'fhir', text: bundleText('searchset', [self], entries.length, entries) } };
  },
});

/** @throws FhirError 400 */
function maxOf(text: string | undefined): number {
  if (text === undefined) return 1;
  if (!/^[1-9]\d{0,3}$/.test(text) || Number(text) > MOST_EACH)
    throw invalidValue(`max must be a number from 1 to ${MOST_EACH}, not "${text}"`, 'max');
  return Number(text);
}

/** The patient's observations. @throws FhirError 400 unless one patient is named; 422 for more than can be looked through */
async function newestFirst(
  request: FhirRequest,
  context: InteractionContext,
  pairs: readonly (readonly [string, string])[],
): Promise<readonly ResourceVersion[]> {
  const control = pairs.find(([name]) => isControl(name));
  if (control) throw unsupportedParameter(`$lastn has no parameter "${control[0]}"`, control[0]);
  const vocabulary = asksForVocabulary(pairs) ? await context.findVocabulary(pairs, narrowFor(request)) : undefined;
  const { where: asked, joins, includes } = parseSearch(pairs, ['Observation'], { ...context.search, vocabulary, handling: 'strict' });
  if (joins.length > 0 || includes.length > 0) throw unsupportedParameter('$lastn takes no chains and no includes');
  const search = applyAccess({ types: ['Observation'], where: asked }, narrowFor(request, ['r', 's']));
  const patient = patientNamedBy(asked, ['Observation'], context.search.registry);
  if (patient === undefined) throw missingValue('$lastn needs one patient: patient=… or subject=Patient/…', 'patient');
  const sort = [
    { parameter: 'date', descending: true },
    { parameter: '_identity', descending: false },
  ];
  const found = await context.store.search({ ...search, patient, sort, limit: MOST + 1 });
  if (found.length > MOST) throw tooCostly(`$lastn looks through ${MOST} observations at most; narrow it by code, category or date`);
  return found.map(({ resource }) => resource);
}

function lastOfEachCode(newest: readonly ResourceVersion[], each: number): ResourceVersion[] {
  const counts = new Map<string, number>();
  return newest.filter(({ raw }) => {
    const code = codeOf(JSON.parse(raw));
    const count = (counts.get(code) ?? 0) + 1;
    counts.set(code, count);
    return count <= each;
  });
}

interface Coded {
  readonly code?: { readonly coding?: readonly { readonly system?: string; readonly code?: string }[]; readonly text?: string };
}

/** Two observations have one code if all their codings are the same; without codings, the same text. */
function codeOf({ code = {} }: Coded): string {
  const codings = (code.coding ?? []).map((coding) => `${coding.system ?? ''}|${coding.code ?? ''}`).sort();
  return codings.length > 0 ? codings.join(' ') : `text ${code.text ?? ''}`;
}
