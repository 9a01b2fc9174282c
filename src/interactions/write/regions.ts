/** Which region's zone a new patient is born into. */
import type { RegionRule } from '../../config/regions.ts';

/** The zone of a patient, or undefined for the default zone. */
export type ZoneOf = (patient: object) => string | undefined;

interface PatientParts {
  readonly managingOrganization?: { readonly reference?: unknown };
  readonly address?: readonly { readonly use?: unknown; readonly state?: unknown }[];
}

const folded = (text: unknown) => (typeof text === 'string' ? text.trim().toLowerCase() : '');

/** The managing organization decides; without a rule for it the first address that is not an old one and has a rule for its state. */
export function zonesBy(rules: readonly RegionRule[]): ZoneOf {
  const organizations = new Map(rules.filter(({ by }) => by === 'organization').map(({ value, zone }) => [value, zone]));
  const states = new Map(rules.filter(({ by }) => by === 'state').map(({ value, zone }) => [folded(value), zone]));
  return (patient) => {
    const { managingOrganization, address = [] } = patient as PatientParts;
    const ofOrganization = organizations.get(String(managingOrganization?.reference ?? ''));
    if (ofOrganization !== undefined) return ofOrganization;
    const found = address.find(({ use, state }) => use !== 'old' && states.has(folded(state)));
    return found && states.get(folded(found.state));
  };
}
