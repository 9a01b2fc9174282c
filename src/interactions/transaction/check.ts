/** Pass 1: every entry must be something that this client may do and R4 allows; all problems are told at once. */
import { findLinks } from '../../definitions/links.ts';
import { FhirError, type Issue, invalidResource, invalidValue, missingValue } from '../../model/error.ts';
import { forEachYielding } from '../bounded.ts';
import { type BundleEntry, requestOf } from '../bundle/bundle-entry.ts';
import type { InteractionContext } from '../context.ts';
import { readPatch } from '../patch/patch-body.ts';
import type { FhirRequest } from '../request.ts';
import { checkId } from '../route.ts';
import { checkNoCriteria } from '../write/conditional.ts';
import { type IncomingResource, incomingOf } from '../write/incoming.ts';
import type { CheckedEntry } from './checked-entry.ts';

const MAX_ISSUES = 1000;
const WRITES: ReadonlySet<string> = new Set(['create', 'update', 'patch', 'delete']);

/** @throws FhirError 400 listing the problems of all entries; 403 for the first entry that is not allowed */
export async function checkEntries(
  entries: readonly BundleEntry[],
  outer: FhirRequest,
  context: InteractionContext,
): Promise<readonly CheckedEntry[]> {
  const checked: CheckedEntry[] = [];
  const issues: Issue[] = [];
  const isWanted = linkFilter(entries);
  await forEachYielding(entries, (entry) => {
    if (issues.length >= MAX_ISSUES) return;
    try {
      checked.push(checkEntry(entry, outer, context, isWanted));
    } catch (error) {
      if (!(error instanceof FhirError) || error.status === 403) throw error;
      issues.push(...error.issues.map((issue) => within(issue, entry.index)));
    }
  });
  if (issues.length > 0) throw invalidResource(issues);
  return checked;
}

function checkEntry(entry: BundleEntry, outer: FhirRequest, context: InteractionContext, isWanted: LinkFilter): CheckedEntry {
  const request = requestOf(entry, outer, context);
  const { interaction, type, id } = request;
  if (id !== undefined) checkId(id, 'request.url');
  if (WRITES.has(interaction) && (id !== undefined || interaction === 'create')) checkNoCriteria(request);
  if (interaction !== 'operation') request.access.require(type ?? '*', interaction);
  switch (interaction) {
    case 'create':
    case 'update':
      return withResource(entry, request, interaction, context, isWanted);
    case 'patch':
      return { entry, request, kind: 'patch', links: [], patch: readPatch(request.body, context) };
    case 'delete':
      return { entry, request, kind: 'delete', links: [] };
    default:
      if (request.method !== 'GET' && request.method !== 'HEAD')
        throw invalidValue(`${request.method} ${entry.url} has no place in a transaction`, 'request.url');
      return { entry, request, kind: 'get', links: [] };
  }
}

function withResource(
  entry: BundleEntry,
  request: FhirRequest,
  kind: 'create' | 'update',
  context: InteractionContext,
  isWanted: LinkFilter,
): CheckedEntry {
  if (entry.text === undefined || !entry.tree) throw missingValue(`${entry.method} needs a resource`, 'resource');
  const resource = incomingOf(entry.text, context, entry.tree);
  if (resource.type !== request.type) throw invalidValue(`the url names ${request.type}, the resource is a ${resource.type}`, 'resource');
  const options = { conditionalReferences: true, root: `Bundle.entry[${entry.index}].resource` };
  const errors = context.validator
    .validate(resource.tree, resource.type, options)
    .filter(({ severity }) => severity === 'error' || severity === 'fatal');
  if (errors.length > 0) throw invalidResource(errors);
  if (kind === 'update' && request.id !== undefined) checkUpdateId(request.id, resource);
  return { entry, request, kind, resource, links: findLinks(context.definitions, resource.tree, isWanted) };
}

type LinkFilter = (value: string) => boolean;

/** Links that may lead to an entry: a fullUrl, any UUID, a query, and what is relative to a server that a fullUrl names. */
function linkFilter(entries: readonly BundleEntry[]): LinkFilter {
  const fullUrls = new Set(entries.map(({ fullUrl }) => fullUrl));
  const hasServer = entries.some(({ fullUrl }) => fullUrl?.startsWith('http'));
  return (value) => {
    if (fullUrls.has(value) || value.startsWith('urn:uuid:') || value.startsWith('URN:')) return true;
    return value.includes('?') || (hasServer && !value.includes(':'));
  };
}

function checkUpdateId(id: string, resource: IncomingResource): void {
  if (resource.tree.id !== id)
    throw invalidValue(
      `the url names id "${id}", the resource ${resource.tree.id === undefined ? 'none' : `"${resource.tree.id}"`}`,
      'resource.id',
    );
}

/** An issue of an entry as one of the Bundle: "Patient.name" becomes "Bundle.entry[3].resource.name". */
function within(issue: Issue, index: number): Issue {
  const entry = `Bundle.entry[${index}]`;
  const places = (issue.expression ?? ['request']).map((place) => {
    if (place.startsWith('Bundle.entry[')) return place;
    if (/^(?:request|resource)\b(?!Type)/.test(place)) return `${entry}.${place}`;
    return `${entry}.resource${place.replace(/^[A-Z]\w*/, '').replace(/^(?=\w)/, '.')}`;
  });
  return { ...issue, expression: places };
}
