/**
 * What a principal may do, as a value. Checked for every request and for every entry of a Bundle.
 *
 * | letter | interactions |
 * | --- | --- |
 * | c | create |
 * | r | read, vread, history-instance |
 * | u | update (also when it creates: SMART 2.2 says "update-as-create" belongs to `u`, so `c` isn't asked for), patch |
 * | d | delete |
 * | s | search-type, search-system, history-type, history-system |
 *
 * Conditional forms ask for `s` on the type as well: the caller requires `search-type` first. batch and transaction need no
 * scope of their own. What spans all types (search-system, history-system) needs `s` on `*`.
 *
 * @see https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#scopes-for-requesting-fhir-resources
 */
import { type FhirError, insufficientScope } from '../model/error.ts';
import type { Principal } from './principal.ts';
import { letterBit, type ScopeLetter } from './scopes.ts';

/** Codes of https://hl7.org/fhir/R4/valueset-restful-interaction.html. */
export type InteractionCode =
  | 'read'
  | 'vread'
  | 'update'
  | 'patch'
  | 'delete'
  | 'create'
  | 'history-instance'
  | 'history-type'
  | 'history-system'
  | 'search-type'
  | 'search-system'
  | 'capabilities'
  | 'batch'
  | 'transaction';

export interface AccessDecision {
  readonly principal: Principal;
  /** True if the scopes allow the interaction on the type. For system-wide interactions the type is not looked at. */
  allows(type: string, interaction: InteractionCode): boolean;
  /** @throws FhirError 403 that names the missing scope */
  require(type: string, interaction: InteractionCode): void;
  /** For an admin operation, with or without its `$`. @throws FhirError 403 that names the missing scope */
  requireOperation(name: string, letter: ScopeLetter): void;
}

const LETTERS: Readonly<Record<InteractionCode, ScopeLetter | undefined>> = {
  create: 'c',
  read: 'r',
  vread: 'r',
  'history-instance': 'r',
  update: 'u',
  patch: 'u',
  delete: 'd',
  'search-type': 's',
  'search-system': 's',
  'history-type': 's',
  'history-system': 's',
  capabilities: undefined,
  batch: undefined,
  transaction: undefined,
};

/** The decision for a principal. Costs nothing: the scopes were parsed when the token was verified. */
export function decide(principal: Principal): AccessDecision {
  const { types, operations } = principal.scopes;
  const everyType = types.get('*') ?? 0;

  const allows = (type: string, interaction: InteractionCode) => {
    const letter = LETTERS[interaction];
    if (letter === undefined) return true;
    const granted = isSystemWide(interaction) ? everyType : everyType | (types.get(type) ?? 0);
    return (granted & letterBit(letter)) !== 0;
  };

  return {
    principal,
    allows,
    require(type, interaction) {
      if (!allows(type, interaction)) throw missing(principal, isSystemWide(interaction) ? '*' : type, LETTERS[interaction] ?? '');
    },
    requireOperation(name, letter) {
      const operation = name.startsWith('$') ? name : `$${name}`;
      if (((operations.get(operation) ?? 0) & letterBit(letter)) === 0) throw missing(principal, operation, letter);
    },
  };
}

const isSystemWide = (interaction: InteractionCode) => interaction === 'search-system' || interaction === 'history-system';

function missing(principal: Principal, target: string, letter: string): FhirError {
  const scope = `system/${target}.${letter}`;
  const alternative = target.startsWith('$') ? '' : ` or user/${target}.${letter}`;
  return insufficientScope(`The token lacks the scope ${scope}${alternative}.${explainUnused(principal)}`, scope);
}

/** Why scopes that the token does carry count for nothing. */
function explainUnused({ scopes }: Principal): string {
  const reasons: string[] = [];
  if (scopes.unenforced.length > 0) {
    reasons.push(
      ` Scopes of this form are not enforced yet and grant nothing: ${listed(scopes.unenforced)} (patient/ and query-restricted scopes).`,
    );
  }
  if (scopes.refused.length > 0) reasons.push(` Not valid as SMART scopes: ${listed(scopes.refused)}.`);
  return reasons.join('');
}

function listed(scopes: readonly string[]): string {
  const shown = scopes.slice(0, 5).map((scope) => (scope.length > 80 ? `${scope.slice(0, 80)}…` : scope));
  return shown.join(' ') + (scopes.length > shown.length ? ' …' : '');
}
