/** A hospital or clinic: Organization, Location, and for every specialty a HealthcareService and (in hospitals) a ward. */
import type { HealthcareService, Location, Organization } from '@medplum/fhirtypes';
import { SPECIALTIES, type Specialty } from '../catalogue/specialties.ts';
import { concept, criteria, hl7, identifier, plain, SNOMED } from '../coding.ts';
import { departmentName, type Site } from '../directory.ts';
import type { Draft, Named } from '../draft.ts';

export interface PlacedSite {
  readonly site: Site;
  readonly organization: Named<Organization>;
  readonly location: Named<Location>;
  readonly services: ReadonlyMap<Specialty, Named<HealthcareService>>;
}

export function addSite(draft: Draft, site: Site): PlacedSite {
  const organization = draft.add<Organization>(
    {
      resourceType: 'Organization',
      identifier: [identifier('site', site.key)],
      active: true,
      type: [{ coding: [{ system: hl7('organization-type'), code: 'prov', display: 'Healthcare Provider' }] }],
      name: site.name,
      telecom: [{ system: 'phone', value: site.phone, use: 'work' }],
      address: [addressOf(site)],
    },
    { ifNoneExist: criteria('site', site.key), display: site.name },
  );
  const location = draft.add<Location>(
    {
      resourceType: 'Location',
      identifier: [identifier('location', site.key)],
      status: 'active',
      name: site.name,
      mode: 'instance',
      telecom: [{ system: 'phone', value: site.phone }],
      address: addressOf(site),
      physicalType: plain(hl7('location-physical-type'), 'bu'),
      managingOrganization: organization,
    },
    { ifNoneExist: criteria('location', site.key), display: site.name },
  );
  if (site.kind === 'hospital') for (const specialty of site.specialties) addWard(draft, site, specialty, organization, location);
  const services = new Map(site.specialties.map((specialty) => [specialty, addService(draft, site, specialty, organization, location)]));
  return { site, organization, location, services };
}

const addressOf = (site: Site) => ({
  line: [site.address.line],
  city: site.address.city,
  state: site.address.state,
  postalCode: site.address.postalCode,
  country: 'US',
});

/** The identifier value of a hospital's ward. */
export const wardKey = (site: Site, specialty: Specialty): string => `${site.key}-ward-${specialty}`;

function addWard(draft: Draft, site: Site, specialty: Specialty, organization: Named<Organization>, partOf: Named<Location>): void {
  const key = wardKey(site, specialty);
  draft.add<Location>(
    {
      resourceType: 'Location',
      identifier: [identifier('location', key)],
      status: 'active',
      name: `${departmentName(specialty)}, ${site.name}`,
      mode: 'instance',
      physicalType: plain(hl7('location-physical-type'), 'wa'),
      managingOrganization: organization,
      partOf,
    },
    { ifNoneExist: criteria('location', key) },
  );
}

function addService(
  draft: Draft,
  site: Site,
  specialty: Specialty,
  providedBy: Named<Organization>,
  location: Named<Location>,
): Named<HealthcareService> {
  const key = `${site.key}-${specialty}`;
  return draft.add<HealthcareService>(
    {
      resourceType: 'HealthcareService',
      identifier: [identifier('service', key)],
      active: true,
      providedBy,
      specialty: [concept(SNOMED, SPECIALTIES[specialty])],
      location: [location],
      name: departmentName(specialty),
      appointmentRequired: true,
    },
    { ifNoneExist: criteria('service', key) },
  );
}
