import { describe, expect, test } from 'vitest';
import { readRegions } from '../../config/regions.ts';
import { zonesBy } from './regions.ts';

describe('the zone of a new patient', () => {
  const zoneOf = zonesBy(readRegions('state:CA=01, state:New York=ny,organization:Organization/north=02') ?? []);

  test.each([
    ['its managing organization', { managingOrganization: { reference: 'Organization/north' }, address: [{ state: 'CA' }] }, '02'],
    ['the state of its address, however it is written', { address: [{ state: ' new york ' }] }, 'ny'],
    ['an address that is not an old one', { address: [{ use: 'old', state: 'CA' }, { state: 'TX' }, { state: 'New York' }] }, 'ny'],
    ['nothing that has a rule', { managingOrganization: { reference: 'Organization/south' }, address: [{ state: 'TX' }, {}] }, undefined],
    ['nothing at all', {}, undefined],
  ])('is that of %s', (_, patient, zone) => {
    expect(zoneOf(patient)).toBe(zone);
  });

  test.each(['state:CA', 'state:CA=1', 'state:CA=AB', 'county:x=01', 'organization:north=01', ''])('a rule "%s" is refused', (text) => {
    expect(readRegions(text)).toBeUndefined();
  });
});
