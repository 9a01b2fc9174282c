/**
 * Patients for the page where a person chooses one: asked like any other search, in the person's name.
 * @see https://hl7.org/fhir/R4/search.html
 */
import { FhirError } from '../../model/error.ts';
import type { FhirRequest } from '../request.ts';
import { type InnerRequests, type InnerUser, innerRequest } from './inner-request.ts';

interface FoundPatient {
  readonly id: string;
  readonly name: string;
  readonly birthDate?: string;
  readonly gender?: string;
}

interface PatientFinder {
  /** Patients whose name begins with the words of `text`, or who have it as an identifier; with an empty text, some. */
  find(text: string, user: InnerUser): Promise<{ readonly patients: readonly FoundPatient[]; readonly hasMore: boolean }>;
  /** One patient, unless there is none or it was deleted. */
  read(id: string, user: InnerUser): Promise<FoundPatient | undefined>;
}

const SHOWN = 20;

interface PatientResource {
  readonly id: string;
  readonly name?: readonly { readonly text?: string; readonly family?: string; readonly given?: readonly string[] }[];
  readonly birthDate?: string;
  readonly gender?: string;
}

export function createPatientFinder(inner: InnerRequests): PatientFinder {
  const { context } = inner;
  const request = (user: InnerUser, parts: Pick<FhirRequest, 'interaction' | 'path' | 'query'> & { readonly id?: string }) =>
    innerRequest(inner, user, 'user/Patient.rs', { method: 'GET', type: 'Patient', ...parts });

  async function search(user: InnerUser, criteria: FhirRequest['query']): Promise<PatientResource[]> {
    const query = [...criteria, ['_count', String(SHOWN + 1)], ['_sort', 'family']] as const;
    const { body } = await context.dispatch(await request(user, { interaction: 'search-type', path: 'Patient', query }));
    const bundle = JSON.parse(body?.kind === 'fhir' ? body.text : '{}') as { entry?: { resource: PatientResource }[] };
    return (bundle.entry ?? []).map(({ resource }) => resource);
  }

  return {
    async find(text, user) {
      const words = text.split(/\s+/).filter(Boolean).map(literal);
      const byName = await search(
        user,
        words.map((word) => ['name', word] as const),
      );
      const found = byName.length > 0 || words.length !== 1 ? byName : await search(user, [['identifier', words[0] ?? '']]);
      return { patients: found.slice(0, SHOWN).map(inWords), hasMore: found.length > SHOWN };
    },
    async read(id, user) {
      try {
        const { body } = await context.dispatch(await request(user, { interaction: 'read', path: `Patient/${id}`, id, query: [] }));
        return body?.kind === 'fhir' ? inWords(JSON.parse(body.text) as PatientResource) : undefined;
      } catch (error) {
        if (error instanceof FhirError && (error.status === 404 || error.status === 410)) return undefined;
        throw error;
      }
    },
  };
}

/** Commas, bars, dollars and backslashes mean something in a search value. */
const literal = (word: string) => word.replaceAll(/[\\,|$]/g, '\\$&');

function inWords({ id, name = [], birthDate, gender }: PatientResource): FoundPatient {
  const [first] = name;
  const full = first?.text ?? [...(first?.given ?? []), first?.family].filter(Boolean).join(' ');
  return { id, name: full || `Patient ${id}`, ...(birthDate && { birthDate }), ...(gender && { gender }) };
}

/** Stores a resource under the id that it has, unless something is or was there. */
export async function putIfMissing(inner: InnerRequests, resource: { readonly resourceType: string; readonly id: string }): Promise<void> {
  const { resourceType: type, id } = resource;
  const path = `${type}/${id}`;
  const body = { kind: 'fhir', text: JSON.stringify(resource) } as const;
  try {
    await inner.context.dispatch(
      await innerRequest(inner, { login: inner.client }, `system/${type}.cruds`, {
        interaction: 'update',
        method: 'PUT',
        type,
        id,
        path,
        query: [],
        body,
        ifNoneMatch: '*',
      }),
    );
  } catch (error) {
    if (!(error instanceof FhirError && error.status === 412)) throw error;
  }
}
