/** Regions as they are configured: `state:CA=01,organization:Organization/north=02`. */

export interface RegionRule {
  readonly by: 'state' | 'organization';
  /** "CA", "Organization/north" */
  readonly value: string;
  /** Two lower-case letters or digits: how the record keys of the region's patients begin. */
  readonly zone: string;
}

const RULE = /^(?:(state):([^=]+)|(organization):(Organization\/[A-Za-z0-9.-]{1,64}))=([0-9a-z]{2})$/;

/** Undefined if one of the rules, between commas, is none. */
export function readRegions(text: string): readonly RegionRule[] | undefined {
  const rules: RegionRule[] = [];
  for (const each of text.split(',')) {
    const [, state, name, organization, reference, zone] = RULE.exec(each.trim()) ?? [];
    if (!zone) return undefined;
    rules.push({ by: state || !organization ? 'state' : 'organization', value: name ?? reference ?? '', zone });
  }
  return rules;
}
