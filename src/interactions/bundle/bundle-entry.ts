/**
 * The entries of a batch or transaction, taken apart but not yet judged.
 * @see https://hl7.org/fhir/R4/http.html#transaction
 */
import { hash } from 'node:crypto';
import { type Issue, invalidResource, invalidValue, missingValue, tooLarge } from '../../model/error.ts';
import { bundleResourceTexts } from '../../model/json-text.ts';
import { nextTurn } from '../bounded.ts';
import type { InteractionContext } from '../context.ts';
import { queryPairs } from '../query-text.ts';
import type { FhirRequest, Preconditions, RequestBody } from '../request.ts';
import { findRoute, type Method, type Route } from '../route.ts';
import { type IncomingResource, parseIncoming } from '../write/incoming.ts';

export interface BundleEntry extends Preconditions {
  /** Its place in the Bundle, which is its place in the answer. */
  readonly index: number;
  readonly method: Method;
  /** As written: "Patient/1", "Patient?identifier=a". */
  readonly url: string;
  readonly fullUrl: string | undefined;
  /** JSON text and tree of the resource. */
  readonly text: string | undefined;
  readonly tree: Readonly<Record<string, unknown>> | undefined;
}

interface RequestBundle {
  readonly type: 'batch' | 'transaction';
  readonly entries: readonly BundleEntry[];
}

/** @throws FhirError 400 if the body is no Bundle of type batch or transaction, or has an entry that is no request; 413 for too many */
export async function readBundle(request: FhirRequest, context: InteractionContext): Promise<RequestBundle> {
  const bundle = parseIncoming(request, context);
  const { type, entry = [] } = bundle.tree;
  if (bundle.type !== 'Bundle') throw invalidValue(`the base takes a Bundle, not a ${bundle.type}`, 'resourceType');
  if (type === undefined) throw missingValue('Bundle.type is missing', 'Bundle.type');
  if (type !== 'batch' && type !== 'transaction')
    throw invalidValue(`the base takes a Bundle of type batch or transaction, not ${JSON.stringify(type)}`, 'Bundle.type');
  if (!Array.isArray(entry)) throw invalidValue('Bundle.entry must be an array', 'Bundle.entry');
  const { maxBundleEntries } = context.limits;
  if (entry.length > maxBundleEntries)
    throw tooLarge(`the Bundle has ${entry.length} entries, ${maxBundleEntries} at most are taken`, 'Bundle.entry');
  await nextTurn();
  checkShell(bundle, entry, context);
  await nextTurn();
  const texts = bundleResourceTexts(bundle.text);
  return { type, entries: entry.map((each, index) => entryOf(each, index, texts[index])) };
}

/** Checks the Bundle without the resources in it, which are checked one by one. */
function checkShell(bundle: IncomingResource, entries: readonly unknown[], context: InteractionContext): void {
  const problems = entries.flatMap((entry, index) => shapeProblem(entry, `Bundle.entry[${index}]`));
  if (problems.length > 0) throw invalidResource(problems);
  const bare = entries.map((entry) => {
    const { resource: _resource, ...rest } = entry as Record<string, unknown>;
    return rest;
  });
  const shell = bare.length > 0 ? { ...bundle.tree, entry: bare } : bundle.tree;
  const errors = context.validator.validate(shell, 'Bundle').filter(({ severity }) => severity === 'error' || severity === 'fatal');
  if (errors.length > 0) throw invalidResource(errors);
}

function shapeProblem(entry: unknown, place: string): Issue[] {
  const problem = (diagnostics: string, expression: string): Issue[] => [
    { severity: 'error', code: 'structure', diagnostics, expression: [expression] },
  ];
  if (!isObject(entry)) return problem('an entry must be an object', place);
  if (!isObject(entry.request)) return problem('an entry needs a request', `${place}.request`);
  if (entry.resource !== undefined && !isObject(entry.resource)) return problem('a resource must be an object', `${place}.resource`);
  if (typeof entry.request.url !== 'string') return problem('a request needs a url', `${place}.request.url`);
  if (typeof entry.request.method !== 'string') return problem('a request needs a method', `${place}.request.method`);
  return [];
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

function entryOf(entry: unknown, index: number, text: string | undefined): BundleEntry {
  const { fullUrl, resource, request } = entry as { fullUrl?: string; resource?: Record<string, unknown>; request: Record<string, string> };
  const { method, url, ifMatch, ifNoneMatch, ifModifiedSince, ifNoneExist } = request;
  return {
    index,
    method: method as Method,
    url: url as string,
    fullUrl,
    text,
    tree: resource,
    ifMatch,
    ifNoneMatch,
    ifModifiedSince,
    ifNoneExist,
  };
}

/**
 * The request that an entry makes.
 * @throws FhirError 404 or 405 for a url that leads nowhere, 400 for one that leaves this server or nests Bundles
 */
export function requestOf(entry: BundleEntry, outer: FhirRequest, context: InteractionContext): FhirRequest {
  const { route, path, query } = routeOf(entry, outer, context);
  return {
    ...route,
    method: entry.method,
    path,
    query,
    prefer: outer.prefer,
    ifMatch: entry.ifMatch,
    ifNoneMatch: entry.ifNoneMatch,
    ifModifiedSince: entry.ifModifiedSince,
    ifNoneExist: entry.ifNoneExist,
    body: bodyOf(entry),
    idempotency: entryIdempotency(entry, outer),
    acceptsFhirOnly: true,
    access: outer.access,
    by: outer.by,
    baseUrl: outer.baseUrl,
  };
}

function routeOf(
  { method, url, index }: BundleEntry,
  outer: FhirRequest,
  context: InteractionContext,
): { route: Route; path: string; query: FhirRequest['query'] } {
  const relative = url.startsWith(`${outer.baseUrl}/`) ? url.slice(outer.baseUrl.length + 1) : url.replace(/^\//, '');
  const place = `Bundle.entry[${index}].request.url`;
  if (/^[a-z][a-z0-9+.-]*:/i.test(relative)) throw invalidValue(`"${url}" is not on this server`, place);
  const mark = relative.indexOf('?');
  const path = mark < 0 ? relative : relative.slice(0, mark);
  const route = findRoute(method, path, {
    isResourceType: (type) => context.definitions.isResourceType(type),
    findOperation: context.findOperation,
  });
  if (route.interaction === 'batch') throw invalidValue('an entry needs the url of a resource or type', place);
  return { route, path, query: mark < 0 ? [] : queryPairs(relative.slice(mark), context.limits.maxSearchParameters) };
}

/** Entries of a batch are repeated or not each by itself, so each has a key of its own. */
function entryIdempotency({ method, index }: BundleEntry, { idempotency }: FhirRequest): FhirRequest['idempotency'] {
  if (!idempotency || method !== 'POST') return undefined;
  return { key: hash('sha1', `${idempotency.key} ${index}`, 'hex'), bodyHash: idempotency.bodyHash };
}

function bodyOf({ text, tree }: BundleEntry): RequestBody | undefined {
  return text === undefined ? undefined : { kind: 'fhir', text, tree };
}
