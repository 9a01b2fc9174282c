/**
 * SMART scopes, versions 1 and 2, as a table of letters by resource type.
 *
 * This form enforces `user/` and `system/`. What it can't enforce yet (`patient/` scopes, scopes with a query) grants
 * nothing: a restriction must never be dropped. Whatever doesn't match the grammar from end to end grants nothing either.
 *
 * ```
 * scope   = ("patient" / "user" / "system") "/" (ResourceType / "*") "." perms
 * perms   = "read" / "write" / "*"                       version 1: rs, cud, cruds
 *         / ["c"]["r"]["u"]["d"]["s"] ["?" query]        version 2: at least one letter, in this order
 * admin   = "system/$" operation "." perms               never part of "system/*"
 * ```
 *
 * @see https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html
 */

export type ScopeLetter = 'c' | 'r' | 'u' | 'd' | 's';

/** What the scopes of one token grant. Letters are bits, see `letterBit`. */
export interface ScopeSet {
  /** Bits by resource type; `*` holds those for every type. */
  readonly types: ReadonlyMap<string, number>;
  /** Bits by operation, `$` included. */
  readonly operations: ReadonlyMap<string, number>;
  /** Scopes that are well-formed but grant nothing in this form: `patient/…` and `…?query`. */
  readonly unenforced: readonly string[];
  /** Scopes that aren't in the grammar, or name a type that R4 doesn't have. */
  readonly refused: readonly string[];
}

/** Longer scope strings grant nothing at all. */
export const MAX_SCOPE_LENGTH = 4096;

const LETTERS = 'cruds';
const ALL_LETTERS = 0b11111;
const VERSION_1: Readonly<Record<string, string>> = { read: 'rs', write: 'cud', '*': LETTERS };
const SCOPE = /^(patient|user|system)\/(\*|[A-Z][A-Za-z]*|\$[a-z][a-z0-9-]*)\.(read|write|\*|c?r?u?d?s?)(?:\?([^?]*))?$/;
/** Parameter names only: a modifier (`:`) or a chain (`.`) in a scope is experimental, so it voids the scope. */
const QUERY = /^[A-Za-z_][A-Za-z0-9_-]*=[^&=]+(?:&[A-Za-z_][A-Za-z0-9_-]*=[^&=]+)*$/;
/** They ask for identity, context or refresh, not for data. */
const NOT_FOR_DATA = new Set([
  'openid',
  'profile',
  'fhirUser',
  'launch',
  'launch/patient',
  'launch/encounter',
  'offline_access',
  'online_access',
]);

export const letterBit = (letter: ScopeLetter): number => 1 << LETTERS.indexOf(letter);

/** The grants of a token's `scope` claim (scopes separated by spaces). `isResourceType` knows R4's concrete types. */
export function parseScopes(text: string, isResourceType: (type: string) => boolean): ScopeSet {
  const types = new Map<string, number>();
  const operations = new Map<string, number>();
  const unenforced: string[] = [];
  const refused: string[] = [];
  if (text.length > MAX_SCOPE_LENGTH)
    return { types, operations, unenforced, refused: [`a scope claim over ${MAX_SCOPE_LENGTH} characters`] };
  for (const scope of text.split(' ')) {
    if (scope === '' || NOT_FOR_DATA.has(scope)) continue;
    const grant = parseScope(scope, isResourceType);
    if (grant === undefined) refused.push(scope);
    else if (!grant.isEnforced) unenforced.push(scope);
    else {
      const table = grant.target.startsWith('$') ? operations : types;
      table.set(grant.target, (table.get(grant.target) ?? 0) | grant.bits);
    }
  }
  return { types, operations, unenforced, refused };
}

/** One scope that names data or an operation. */
export interface ScopeGrant {
  readonly context: 'patient' | 'user' | 'system';
  /** A resource type, `*`, or an operation with its `$`. */
  readonly target: string;
  readonly bits: number;
  readonly query?: string;
  readonly isEnforced: boolean;
}

/** One scope; undefined if it isn't in the grammar or names an unknown type. */
export function parseScope(scope: string, isResourceType: (type: string) => boolean): ScopeGrant | undefined {
  const [, context, target = '', permissions = '', query] = SCOPE.exec(scope) ?? [];
  if (permissions === '') return undefined;
  if (target.startsWith('$') ? context !== 'system' : target !== '*' && !isResourceType(target)) return undefined;
  const isVersion1 = permissions in VERSION_1;
  if (query !== undefined && (isVersion1 || target === '*' || target.startsWith('$') || !QUERY.test(query))) return undefined;
  return {
    context: context as ScopeGrant['context'],
    target,
    bits: isVersion1 ? bitsOf(VERSION_1[permissions] ?? '') : bitsOf(permissions),
    ...(query !== undefined && { query }),
    isEnforced: context !== 'patient' && query === undefined,
  };
}

function bitsOf(letters: string): number {
  if (letters === LETTERS) return ALL_LETTERS;
  let bits = 0;
  for (const letter of letters) bits |= letterBit(letter as ScopeLetter);
  return bits;
}
