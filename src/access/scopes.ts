/**
 * SMART scopes, versions 1 and 2, taken apart. What they reach is worked out in `reach.ts`.
 *
 * Whatever doesn't match the grammar from end to end grants nothing: a restriction must never be dropped.
 *
 * ```
 * scope   = ("patient" / "user" / "system") "/" (ResourceType / "*") "." perms
 * perms   = "read" / "write" / "*"                       version 1: rs, cud, cruds
 *         / ["c"]["r"]["u"]["d"]["s"] ["?" query]        version 2: at least one letter, in this order; no query on "*"
 * query   = param "=" value *("&" param "=" value)       names without modifier or chain
 * admin   = "system/$" operation "." perms               never part of "system/*"
 * ```
 *
 * @see https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html
 */

export type ScopeLetter = 'c' | 'r' | 'u' | 'd' | 's';

/** What the scopes of one token ask for. Letters are bits, see `letterBit`. */
export interface ScopeSet {
  /** One for each scope about resources, in their order. */
  readonly grants: readonly ScopeGrant[];
  /** Bits by operation, `$` included. */
  readonly operations: ReadonlyMap<string, number>;
  /** Scopes that aren't in the grammar, or name a type that R4 doesn't have. */
  readonly refused: readonly string[];
}

/** Longer scope strings grant nothing at all. */
const MAX_SCOPE_LENGTH = 4096;

const LETTERS = 'cruds';
const ALL_LETTERS = 0b11111;
const VERSION_1: Readonly<Record<string, string>> = { read: 'rs', write: 'cud', '*': LETTERS };
const SCOPE = /^(patient|user|system)\/(\*|[A-Z][A-Za-z]*|\$[a-z][a-z0-9-]*)\.(read|write|\*|c?r?u?d?s?)(?:\?([^?]*))?$/;
/** Parameter names only: a modifier (`:`) or a chain (`.`) in a scope is experimental, so it voids the scope. */
const QUERY = /^[A-Za-z_][A-Za-z0-9_-]*=[^&=]+(?:&[A-Za-z_][A-Za-z0-9_-]*=[^&=]+)*$/;
/** They ask for identity, context or refresh, not for data. */
export const IDENTITY_SCOPES: readonly string[] = [
  'openid',
  'profile',
  'fhirUser',
  'launch',
  'launch/patient',
  'launch/encounter',
  'offline_access',
  'online_access',
];
const NOT_FOR_DATA = new Set(IDENTITY_SCOPES);

export const letterBit = (letter: ScopeLetter): number => 1 << LETTERS.indexOf(letter);

/** The grants of a token's `scope` claim (scopes separated by spaces). `isResourceType` knows R4's concrete types. */
export function parseScopes(text: string, isResourceType: (type: string) => boolean): ScopeSet {
  const grants: ScopeGrant[] = [];
  const operations = new Map<string, number>();
  const refused: string[] = [];
  if (text.length > MAX_SCOPE_LENGTH) return { grants, operations, refused: [`a scope claim over ${MAX_SCOPE_LENGTH} characters`] };
  for (const scope of text.split(' ')) {
    if (scope === '' || NOT_FOR_DATA.has(scope)) continue;
    const grant = parseScope(scope, isResourceType);
    if (grant === undefined) refused.push(scope);
    else if (grant.target.startsWith('$')) operations.set(grant.target, (operations.get(grant.target) ?? 0) | grant.bits);
    else grants.push(grant);
  }
  return { grants, operations, refused };
}

/** One scope that names data or an operation. */
export interface ScopeGrant {
  /** As the token has it. */
  readonly scope: string;
  readonly context: 'patient' | 'user' | 'system';
  /** A resource type, `*`, or an operation with its `$`. */
  readonly target: string;
  readonly bits: number;
  /** What follows the `?`, not yet understood. */
  readonly query?: string;
}

/** One scope; undefined if it isn't in the grammar or names an unknown type. */
export function parseScope(scope: string, isResourceType: (type: string) => boolean): ScopeGrant | undefined {
  const [, context, target = '', permissions = '', query] = SCOPE.exec(scope) ?? [];
  if (permissions === '') return undefined;
  if (target.startsWith('$') ? context !== 'system' : target !== '*' && !isResourceType(target)) return undefined;
  const isVersion1 = permissions in VERSION_1;
  if (query !== undefined && (isVersion1 || target === '*' || target.startsWith('$') || !QUERY.test(query))) return undefined;
  return {
    scope,
    context: context as ScopeGrant['context'],
    target,
    bits: isVersion1 ? bitsOf(VERSION_1[permissions] ?? '') : bitsOf(permissions),
    ...(query !== undefined && { query }),
  };
}

function bitsOf(letters: string): number {
  if (letters === LETTERS) return ALL_LETTERS;
  let bits = 0;
  for (const letter of letters) bits |= letterBit(letter as ScopeLetter);
  return bits;
}
