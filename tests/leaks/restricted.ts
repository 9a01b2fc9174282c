/** Tokens that reach everything by their scopes, and that the consent of patient `b`, or labels on all that is theirs, restrict. */
import { createConsents } from '../../src/access/consent/consents.ts';
import type { Restriction } from '../../src/access/decision.ts';
import { CONFIDENTIALITY_CLEARANCES } from '../../src/access/labels/label-restriction.ts';
import type { Principal } from '../../src/access/principal.ts';
import { createPrivacy } from '../../src/access/privacy.ts';
import { createScopeQueries } from '../../src/access/scope-query.ts';
import type { InteractionServices } from '../../src/interactions/context.ts';
import { NOTHING } from '../../src/search/expression/expression.ts';
import type { Who } from './side.ts';

const DOCTOR = 'Practitioner/denied';

export const DENIED: readonly Who[] = [
  { scope: 'user/*.cruds system/$de-identify.r', fhirUser: DOCTOR, restrictedBy: 'consent' },
  { scope: 'user/*.rs user/Observation.cruds', fhirUser: DOCTOR, restrictedBy: 'consent' },
];

export const UNCLEARED: readonly Who[] = [
  { scope: 'user/*.cruds system/$de-identify.r', fhirUser: DOCTOR, restrictedBy: 'labels' },
  { scope: 'user/*.cruds system/$label-restricted.rs', fhirUser: DOCTOR, restrictedBy: 'labels' },
];

/** What the labels of `b` are: above what the clearance among them is for. */
export const LABEL = { system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'V' };

export function createRestrictions({
  search,
  definitions,
}: InteractionServices): (principal: Principal, by: Who['restrictedBy']) => Promise<readonly Restriction[]> {
  const consents = createConsents();
  const privacy = (areLabelsInUse: boolean) =>
    createPrivacy({
      consents: areLabelsInUse ? createConsents() : consents,
      byDefault: 'permit',
      clearances: CONFIDENTIALITY_CLEARANCES,
      areLabelsInUse: () => areLabelsInUse,
      membershipsOf: async () => [],
      registry: search.registry,
      compileQuery: createScopeQueries(search),
      privacyConsents: NOTHING,
      isPatientMember: (type) => Object.hasOwn(definitions.compartments.Patient ?? {}, type),
      baseUrl: search.baseUrl,
      now: () => Date.UTC(2025, 1),
      breakGlassWithinMs: 0,
    });
  consents.put('k', {
    id: 'k',
    version: 1,
    patient: 'Patient/b',
    at: 0,
    updated: 0,
    root: { decision: 'deny', actors: [{ reference: DOCTOR }], nested: [] },
  });
  const [byConsent, byLabels] = [privacy(false), privacy(true)];
  return async (principal, by) => {
    if (by === undefined) return [];
    return (by === 'consent' ? byConsent : byLabels).restrictionsWith(principal, undefined);
  };
}
