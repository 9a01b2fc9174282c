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
 * scope of their own. What spans all types (search-system, history-system) needs `s` on `*`, and finds what `s` reaches.
 *
 * @see https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#scopes-for-requesting-fhir-resources
 */
import { hash } from 'node:crypto';
import { insufficientScope } from '../model/error.ts';
import type { SearchExpression } from '../search/expression/expression.ts';
import { and, NOTHING, or } from '../search/expression/expression.ts';
import type { Matchable } from '../search/expression/match.ts';
import { simplify } from '../search/plan/simplify.ts';
import { missingScope } from './missing-scope.ts';
import type { Principal } from './principal.ts';
import { concerns, type ReachRules, reachOf, recordOf } from './reach.ts';
import { letterBit, type ScopeGrant, type ScopeLetter } from './scopes.ts';

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

/** What the guarded store asks of a decision. */
export interface Reach {
  /** What of a type the letter reaches: `everything`, `nothing`, or a condition that `match.ts` and every store evaluate. */
  narrow(type: string, letter: ScopeLetter): SearchExpression;
  /** True if the letter reaches every resource of the type. */
  reachesAll(type: string, letter: ScopeLetter): boolean;
  /** True if the caller may choose the id of a new resource (PUT). Whoever sees a part of a type may not: the answer would tell what else exists. */
  mayChooseIds(type: string): boolean;
  /** The patient ("Patient/1") in whose record a write must stay, what it refers to included; undefined if it may be any. */
  recordOfWrites(type: string, letter: ScopeLetter): string | undefined;
  /** True if the caller reaches a Binary through the resource that its `securityContext` names. */
  followsSecurityContext(letter: ScopeLetter): boolean;
  /** What restrictions leave of a type, whatever the scopes: a Binary is restricted as what its `securityContext` names. */
  unrestricted(type: string, letter: ScopeLetter): SearchExpression;
}

export interface AccessDecision extends Reach {
  readonly principal: Principal;
  /** A hash of who asks and with which scopes: what is sealed for one is of no use to another. */
  readonly identity: string;
  /** True if the scopes allow the interaction on some resource of the type. For system-wide interactions the type is not looked at. */
  allows(type: string, interaction: InteractionCode): boolean;
  /** @throws FhirError 403 that names the missing scope */
  require(type: string, interaction: InteractionCode): void;
  /** For an admin operation, with or without its `$`. @throws FhirError 403 that names the missing scope */
  requireOperation(name: string, letter: ScopeLetter): void;
  /** Each rule that has a say about the type and letter, and what it lets through: for `$access-explain`. */
  rulesFor(type: string, letter: ScopeLetter): readonly AccessRule[];
}

/** One rule of a decision. What any scope lets through and every restriction leaves is allowed. */
export interface AccessRule {
  readonly kind: 'scope' | 'restriction';
  /** The scope's text, or the restriction's name. */
  readonly name: string;
  readonly condition: SearchExpression;
  /** The patient in whose record the scope stays. */
  readonly record?: string;
  /** Of a restriction: why it leaves or takes a resource. */
  readonly explain?: (resource: Matchable) => readonly string[];
}

/** A further condition on all that a token reaches, whatever its scopes: consent, security labels. */
export interface Restriction {
  /** For `$access-explain`: "consent". */
  readonly name: string;
  /** What it leaves of a type; asked once for each type and letter. */
  narrow(type: string, letter: ScopeLetter): SearchExpression;
  /** True if it holds of a Binary as well what holds of the resource that its `securityContext` names. */
  readonly isInherited?: true;
  /** Why it leaves or takes this resource, in sentences for administrators. */
  explain?(letter: ScopeLetter, resource: Matchable): readonly string[];
}

/** The decision for a principal. What a type and letter reach is worked out when first asked for, then remembered. */
export type Decide = (principal: Principal, restrictions?: readonly Restriction[]) => AccessDecision;

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

/** Called once, by the composition root. */
export function createDecide(rules: ReachRules): Decide {
  return (principal, restrictions = []) => decisionOf(principal, restrictions, rules);
}

function decisionOf(principal: Principal, restrictions: readonly Restriction[], rules: ReachRules): AccessDecision {
  const { grants, operations } = principal.scopes;
  const reached = (type: string, letter: ScopeLetter) => grants.map((grant) => reachOf(grant, type, letter, principal, rules));
  const byScopes = remembered((type, letter) => simplify(or(reached(type, letter))));
  const unrestricted = remembered((type, letter) => simplify(and(restrictions.map((restriction) => restriction.narrow(type, letter)))));
  const narrow = remembered((type, letter) => {
    const scoped = byScopes(type, letter);
    if (scoped.kind === 'nothing' || restrictions.length === 0) return scoped;
    return simplify(and([scoped, unrestricted(type, letter)]));
  });
  /** True if a `system/` scope reaches all of the type: that of a service which keeps records, and chooses their ids. */
  const isSystems = (type: string, letter: ScopeLetter) =>
    grants.some((grant) => grant.context === 'system' && concerns(grant, type, letter) && grant.query === undefined);
  const isInherited = restrictions.some((restriction) => restriction.isInherited);
  const isLive = (grant: ScopeGrant) => recordOf(grant, principal) !== null;
  const reachesBinaries = (letter: ScopeLetter) =>
    letter !== 's' && grants.some((grant) => concerns(grant, 'Binary', letter) && typeof recordOf(grant, principal) === 'string');

  const allows = (type: string, interaction: InteractionCode) => {
    const letter = LETTERS[interaction];
    if (letter === undefined) return true;
    if (isSystemWide(interaction)) return grants.some((grant) => grant.target === '*' && concerns(grant, '*', letter) && isLive(grant));
    return byScopes(type, letter).kind !== 'nothing' || (type === 'Binary' && reachesBinaries(letter));
  };

  return {
    principal,
    identity: identityOf(principal),
    narrow,
    allows,
    mayChooseIds: (type) =>
      byScopes(type, 'u').kind === 'everything' && (unrestricted(type, 'u').kind === 'everything' || isSystems(type, 'u')),
    reachesAll: (type, letter) => narrow(type, letter).kind === 'everything' && !(type === 'Binary' && isInherited),
    unrestricted,
    recordOfWrites(type, letter) {
      if (byScopes(type, letter).kind === 'everything') return undefined;
      const records = grants.filter((grant) => concerns(grant, type, letter)).map((grant) => recordOf(grant, principal));
      return records.find((record) => typeof record === 'string') ?? undefined;
    },
    followsSecurityContext: reachesBinaries,
    require(type, interaction) {
      if (allows(type, interaction)) return;
      throw missingScope(principal, isSystemWide(interaction) ? '*' : type, LETTERS[interaction] ?? '', rules);
    },
    requireOperation(name, letter) {
      const operation = name.startsWith('$') ? name : `$${name}`;
      const scope = `system/${operation}.${letter}`;
      if (((operations.get(operation) ?? 0) & letterBit(letter)) === 0)
        throw insufficientScope(`The token lacks the scope ${scope}.`, scope);
    },
    rulesFor: (type, letter) => [
      ...grants
        .filter((grant) => concerns(grant, type, letter))
        .map((grant): AccessRule => {
          const record = recordOf(grant, principal);
          const condition = simplify(reachOf(grant, type, letter, principal, rules));
          return { kind: 'scope', name: grant.scope, condition, ...(record && { record }) };
        }),
      ...restrictions.map(
        (restriction): AccessRule => ({
          kind: 'restriction',
          name: restriction.name,
          condition: simplify(restriction.narrow(type, letter)),
          ...(restriction.explain && { explain: (resource: Matchable) => restriction.explain?.(letter, resource) ?? [] }),
        }),
      ),
    ],
  };
}

const isSystemWide = (interaction: InteractionCode) => interaction === 'search-system' || interaction === 'history-system';

type Narrowing = (type: string, letter: ScopeLetter) => SearchExpression;

/** Worked out once for each type and letter; a token asks for few of the 146 × 5. */
function remembered(workOut: Narrowing): Narrowing {
  const known = new Map<string, Partial<Record<ScopeLetter, SearchExpression>>>();
  return (type, letter) => {
    const ofType = known.get(type);
    const before = ofType?.[letter];
    if (before) return before;
    const made = workOut(type, letter);
    if (ofType) ofType[letter] = made;
    else known.set(type, { [letter]: made });
    return made;
  };
}

function identityOf({ issuer, client, subject, patient, fhirUser, scopes }: Principal): string {
  const granted = scopes.grants.map(({ scope }) => scope).sort();
  return hash('sha256', JSON.stringify([issuer, client, subject, patient, fhirUser, granted]), 'base64url');
}

/** Of a type that is narrowed for several letters at once: what all of them reach. */
export const narrowAll = ({ narrow }: Reach, type: string, letters: readonly ScopeLetter[]): SearchExpression => {
  const [first, ...others] = letters.map((letter) => narrow(type, letter));
  if (first === undefined) return NOTHING;
  return others.every((other) => other === first) ? first : and([first, ...others]);
};
