/**
 * Which interaction a method and a path mean. HTTP and the entries of Bundles ask the same table, and the
 * CapabilityStatement is made from it, so none of the three can disagree.
 * @see https://hl7.org/fhir/R4/http.html#summary
 */
import type { InteractionCode } from '../access/decision.ts';
import { invalidValue, methodNotAllowed, notFound } from '../model/error.ts';
import type { ResourceKey } from '../model/resource.ts';
import { isServersOwn } from '../model/servers-own.ts';
import type { OperationLevel, OperationLookup } from './context.ts';
import type { FhirRequest } from './request.ts';

export type Method = FhirRequest['method'];

export interface Route {
  readonly interaction: InteractionCode | 'operation';
  readonly type?: string;
  readonly id?: string;
  readonly versionId?: string;
  /** Of a search within it. */
  readonly compartment?: ResourceKey;
  readonly operation?: string;
}

type Verb = Exclude<Method, 'HEAD'>;

/** One shape of path and what each method means there. `batch` stands for batch and transaction, told apart by the Bundle. */
interface PathShape {
  readonly matches: (segments: readonly string[]) => boolean;
  readonly methods: Partial<Record<Verb, InteractionCode>>;
  /** `[owner type]/[owner id]/[type searched, or *]` */
  readonly isCompartment?: true;
}

const isType = (segment: string | undefined) => segment !== undefined && segment.charCodeAt(0) >= 65 && segment.charCodeAt(0) <= 90;

/** Tried in order. */
const SHAPES: readonly PathShape[] = [
  {
    matches: (s) => s.length === 2 && isType(s[0]) && s[1] !== '_history' && s[1] !== '_search',
    methods: { GET: 'read', PUT: 'update', PATCH: 'patch', DELETE: 'delete' },
  },
  {
    matches: (s) => s.length === 1 && isType(s[0]),
    methods: { GET: 'search-type', POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' },
  },
  { matches: (s) => s.length === 0, methods: { GET: 'search-system', POST: 'batch' } },
  { matches: (s) => s.length === 1 && s[0] === 'metadata', methods: { GET: 'capabilities' } },
  { matches: (s) => s.length === 1 && s[0] === '_history', methods: { GET: 'history-system' } },
  { matches: (s) => s.length === 1 && s[0] === '_search', methods: { POST: 'search-system' } },
  { matches: (s) => s.length === 2 && isType(s[0]) && s[1] === '_search', methods: { POST: 'search-type' } },
  { matches: (s) => s.length === 2 && isType(s[0]) && s[1] === '_history', methods: { GET: 'history-type' } },
  { matches: (s) => s.length === 3 && isType(s[0]) && s[2] === '_history', methods: { GET: 'history-instance' } },
  { matches: (s) => s.length === 4 && isType(s[0]) && s[2] === '_history', methods: { GET: 'vread' } },
  { matches: (s) => s.length === 3 && isType(s[0]) && isType(s[2]), methods: { GET: 'search-type' }, isCompartment: true },
  { matches: (s) => s.length === 3 && isType(s[0]) && s[2] === '*', methods: { GET: 'search-system' }, isCompartment: true },
  {
    matches: (s) => s.length === 4 && isType(s[0]) && isType(s[2]) && s[3] === '_search',
    methods: { POST: 'search-type' },
    isCompartment: true,
  },
  {
    matches: (s) => s.length === 4 && isType(s[0]) && s[2] === '*' && s[3] === '_search',
    methods: { POST: 'search-system' },
    isCompartment: true,
  },
];

const WRITES: ReadonlySet<string> = new Set(['create', 'update', 'patch', 'delete']);
const READING = 'HEAD, GET';

/** Whether the interaction is offered for the type: clients change nothing of what is the server's own. */
export const mayBe = (interaction: InteractionCode, type: string): boolean => !isServersOwn(type) || !WRITES.has(interaction);

const LEVELS: readonly OperationLevel[] = ['system', 'type', 'instance'];

/** `[A-Za-z0-9\-\.]{1,64}` @see https://hl7.org/fhir/R4/datatypes.html#id */
const LOGICAL_ID = /^[A-Za-z0-9.-]{1,64}$/;

/** True if this can be a logical id. */
export const isLogicalId = (text: string): boolean => LOGICAL_ID.test(text);

/** Refuses what can't be a logical id. @throws FhirError 400 */
export function checkId(id: string, expression: string): void {
  if (!isLogicalId(id)) throw invalidValue(`"${id}" is no logical id: 1 to 64 letters, digits, "-" and "."`, expression);
}

export interface Routing {
  readonly isResourceType: (type: string) => boolean;
  readonly findOperation: OperationLookup;
}

/**
 * The interaction of `method` on `path` (below the base, without query: "Patient/1").
 * @throws FhirError 404 no such path or resource type; 405 with `Allow`
 */
export function findRoute(method: Method, path: string, routing: Routing): Route {
  const segments = splitPath(path);
  const verb: Verb = method === 'HEAD' ? 'GET' : method;
  const last = segments.at(-1);
  if (last?.startsWith('$')) return operationRoute(verb, segments, last.slice(1), routing);
  const shape = SHAPES.find(({ matches }) => matches(segments));
  if (!shape) throw notFound(`no such path: "${path}"`);
  const interaction = shape.methods[verb];
  const [type, id, , versionId] = segments;
  const isTyped = isType(type);
  if (isTyped && !routing.isResourceType(type as string)) throw notFound(`"${type}" is not a resource type of FHIR R4`);
  if (!interaction) throw methodNotAllowed(`${method} can't be used on "${path}"`, allowed(shape));
  if (isTyped && !mayBe(interaction, type as string)) throw methodNotAllowed(`${type} is written by the server alone`, READING);
  if (!isTyped) return { interaction };
  if (shape.isCompartment) return compartmentRoute(interaction, segments, routing);
  // Any other word with an underscore is an id that no resource has, not a condition on the type.
  return { interaction, type, id: id === '_search' || id === '_history' ? undefined : id, versionId };
}

function compartmentRoute(interaction: InteractionCode, segments: readonly string[], { isResourceType }: Routing): Route {
  const [type = '', id = '', member = ''] = segments;
  if (member !== '*' && !isResourceType(member)) throw notFound(`"${member}" is not a resource type of FHIR R4`);
  return { interaction, compartment: { type, id }, ...(member !== '*' && { type: member }) };
}

function allowed(shape: PathShape): string {
  const verbs = Object.keys(shape.methods);
  return (verbs.includes('GET') ? ['HEAD', ...verbs] : verbs).join(', ');
}

function splitPath(path: string): string[] {
  if (path === '') return [];
  const segments = path.split('/');
  if (segments.at(-1) === '') segments.pop();
  return path.includes('%') ? segments.map(decodeSegment) : segments;
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw invalidValue(`the path holds a broken escape: "${segment}"`);
  }
}

function operationRoute(verb: Verb, segments: readonly string[], name: string, routing: Routing): Route {
  const level = LEVELS[segments.length - 1];
  const [type, id] = segments.length === 1 ? [] : [segments[0], segments.length === 3 ? segments[1] : undefined];
  if (type !== undefined && !routing.isResourceType(type)) throw notFound(`"${type}" is not a resource type of FHIR R4`);
  const operation = level && routing.findOperation(name, level, type);
  if (!operation) throw notFound(`no operation $${name} ${type ? `on ${type} (${level ?? 'here'})` : 'at the base'}`);
  if (!operation.methods.includes(verb)) throw methodNotAllowed(`$${name} can't be invoked by ${verb}`, operation.methods.join(', '));
  return { interaction: 'operation', type, id, operation: name };
}

/** The interactions that the table offers: those of a type and those of the system. */
export function interactionsOffered(): { readonly type: readonly InteractionCode[]; readonly system: readonly InteractionCode[] } {
  const codes = new Set(SHAPES.flatMap(({ methods }) => Object.values(methods)));
  const isSystem = (code: InteractionCode) => code.endsWith('-system') || code === 'batch' || code === 'transaction';
  return {
    type: [...codes].filter((code) => !isSystem(code) && code !== 'capabilities'),
    system: [...[...codes].filter(isSystem), 'transaction'],
  };
}
