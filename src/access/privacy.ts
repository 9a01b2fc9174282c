/**
 * What restricts a token beside its scopes: patients' consents and security labels, and what breaking the glass sets aside.
 *
 * Where there are neither consents nor labelled resources nobody pays for them: the restrictions of a token are worked out
 * once, and none of them narrows anything.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Definitions } from '../definitions/definitions.ts';
import type { SearchExpression } from '../search/expression/expression.ts';
import { referenceText } from '../search/parameters/reference-text.ts';
import type { SearchRegistry } from '../search/parameters/registry.ts';
import { type BrokenGlass, brokenGlass, PURPOSE_HEADER } from './break-glass.ts';
import { createAboutData } from './consent/about-data.ts';
import { createAuthors } from './consent/authors.ts';
import { consentRestriction } from './consent/consent-restriction.ts';
import type { Consents } from './consent/consents.ts';
import type { Circumstances } from './consent/denied.ts';
import { createInRecords } from './consent/in-records.ts';
import { registryRestriction } from './consent/registry-restriction.ts';
import type { Actor, Decision } from './consent/rule.ts';
import type { Restriction } from './decision.ts';
import { type Clearance, labelRestriction } from './labels/label-restriction.ts';
import { createTokens } from './labels/labelled.ts';
import type { MembershipsOf } from './memberships.ts';
import type { Principal } from './principal.ts';
import { concerns } from './reach.ts';
import type { CompileScopeQuery } from './scope-query.ts';
import { letterBit, type ScopeLetter } from './scopes.ts';

interface PrivacyOptions {
  readonly consents: Consents;
  readonly byDefault: Decision;
  readonly clearances: readonly Clearance[];
  /** False as long as no resource bears a label that needs clearance. */
  readonly areLabelsInUse: () => boolean;
  readonly membershipsOf: MembershipsOf;
  readonly registry: SearchRegistry;
  readonly definitions: Pick<Definitions, 'types'>;
  readonly compileQuery: CompileScopeQuery;
  /** Holds for Consents about privacy. */
  readonly privacyConsents: SearchExpression;
  readonly isPatientMember: (type: string) => boolean;
  readonly baseUrl: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** The age of a token with which glass can't be broken any more. */
  readonly breakGlassWithinMs: number;
}

export interface Privacy {
  /** The same list for the same token, until something changes. @throws FhirError 400, 403 for glass that may not be broken */
  restrictionsOf(principal: Principal, headers: IncomingHttpHeaders): readonly Restriction[] | Promise<readonly Restriction[]>;
  /** The restrictions of somebody who breaks the glass so, asked by nobody: for `$access-explain`. */
  restrictionsWith(principal: Principal, glass: BrokenGlass | undefined): Promise<readonly Restriction[]>;
}

/** The scope of who keeps consents: `system/$consent.cruds`. */
const KEEPER_OF_CONSENTS = '$consent';

/** What somebody is a member of is asked again after this time. */
const MEMBERSHIPS_MS = 10_000;

interface Known {
  readonly generation: number;
  /** Of the search parameters, whose entries conditions ask for. */
  readonly revision: number;
  readonly areLabelsInUse: boolean;
  readonly restrictions: readonly Restriction[];
  /** Until when what the directory said is believed. */
  readonly until: number;
  readonly memberships: readonly string[];
}

const NOTHING_KNOWN: readonly string[] = [];

export function createPrivacy(options: PrivacyOptions): Privacy {
  const { consents, byDefault, clearances, membershipsOf, registry, baseUrl, now } = options;
  const known = new WeakMap<Principal, Known>();
  const data = createAboutData(registry, {
    hasToken: createTokens(options.compileQuery, registry),
    authors: createAuthors(registry, options.definitions),
    relatedTo: consents.relatedTo,
  });
  const records = createInRecords(registry, options.isPatientMember);

  function circumstancesOf({ client, subject, issuer, fhirUser, purposes = [] }: Principal, memberships: readonly string[]): Circumstances {
    const user = fhirUser === undefined ? undefined : referenceText(fhirUser, baseUrl).text;
    // Somebody's token that does not say whose: it may be that of whom a consent names.
    const isSomebody = user === undefined && subject !== client;
    const isActor = ({ reference, identifier }: Actor): boolean | undefined => {
      if (reference !== undefined) return isSomebody ? undefined : reference === user || memberships.includes(reference);
      if (identifier?.system === undefined) return identifier?.value === client;
      return identifier.system === issuer && identifier.value === subject;
    };
    return { isActor, purposes, now: now() };
  }

  function restrictions(principal: Principal, memberships: readonly string[], glass: BrokenGlass | undefined): readonly Restriction[] {
    const own = principal.fhirUser?.startsWith('Patient/') ? [principal.fhirUser] : [];
    const broken = (letter: ScopeLetter) => (glass?.letters.includes(letter) ? [glass.patient] : []);
    const keepsConsents = keeping(principal);
    const byPatient = consents.byPatient();
    return [
      registryRestriction(options.privacyConsents, keepsConsents, own[0]),
      ...(byPatient.size > 0 || byDefault === 'deny'
        ? [
            consentRestriction(
              byPatient,
              {
                circumstances: circumstancesOf(principal, memberships),
                exempt: (letter) => [...own, ...broken(letter)],
                keepsConsents,
              },
              { byDefault, records, data },
            ),
          ]
        : []),
      ...(options.areLabelsInUse() ? [labelRestriction(clearances, principal.scopes, broken, data.labelled, records)] : []),
    ];
  }

  const isUpToDate = ({ revision, ...before }: Known, generation: number) =>
    before.generation === generation && revision === registry.revision();

  /** Worked out anew only when something has changed. */
  function current(principal: Principal): readonly Restriction[] | Promise<readonly Restriction[]> {
    const at = now();
    const generation = consents.generation(at);
    const before = known.get(principal);
    if (before && isUpToDate(before, generation) && before.areLabelsInUse === options.areLabelsInUse() && at < before.until)
      return before.restrictions;
    if (principal.fhirUser === undefined || !consents.needsMemberships())
      return remember(principal, generation, NOTHING_KNOWN, Number.POSITIVE_INFINITY);
    return membershipsOf(principal.fhirUser).then((memberships) => remember(principal, generation, memberships, at + MEMBERSHIPS_MS));
  }

  function remember(principal: Principal, generation: number, memberships: readonly string[], until: number): readonly Restriction[] {
    const areLabelsInUse = options.areLabelsInUse();
    const before = known.get(principal);
    const isSame =
      before !== undefined &&
      isUpToDate(before, generation) &&
      before.areLabelsInUse === areLabelsInUse &&
      before.memberships.join(' ') === memberships.join(' ');
    const made = isSame ? before.restrictions : restrictions(principal, memberships, undefined);
    known.set(principal, { generation, revision: registry.revision(), areLabelsInUse, restrictions: made, until, memberships });
    return made;
  }

  async function restrictionsWith(principal: Principal, glass: BrokenGlass | undefined): Promise<readonly Restriction[]> {
    consents.generation(now());
    const isAsked = principal.fhirUser !== undefined && consents.needsMemberships();
    return restrictions(principal, isAsked ? await membershipsOf(principal.fhirUser as string) : NOTHING_KNOWN, glass);
  }

  return {
    restrictionsOf(principal, headers) {
      if (headers[PURPOSE_HEADER] === undefined) return current(principal);
      const glass = brokenGlass(headers, principal, { now: now(), youngerThanMs: options.breakGlassWithinMs });
      return restrictionsWith(principal, glass);
    },
    restrictionsWith,
  };
}

/** Who keeps consents: by the scope `system/$consent`, or as a service with a `system/` scope that reaches Consent. */
function keeping({ scopes: { grants, operations } }: Principal): (letter: ScopeLetter) => boolean {
  return (letter) =>
    ((operations.get(KEEPER_OF_CONSENTS) ?? 0) & letterBit(letter)) !== 0 ||
    grants.some((grant) => grant.context === 'system' && grant.query === undefined && concerns(grant, 'Consent', letter));
}
