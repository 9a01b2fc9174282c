/**
 * What a token reaches, by hand: its scopes and launch context, a letter and a type, and the resources that are left of a few.
 * @see https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html
 */
import { describe, expect, test } from 'vitest';
import { loadDefinitions } from '../definitions/load.ts';
import { FhirError } from '../model/error.ts';
import type { ResourceVersion } from '../model/resource.ts';
import { createIndexer } from '../search/parameters/indexer.ts';
import { createSearchRegistry } from '../search/parameters/registry.ts';
import { createAdmission } from './admission.ts';
import { decideBy } from './decide-by.ts';
import type { InteractionCode } from './decision.ts';
import { parseScopes, type ScopeLetter } from './scopes.ts';

const baseUrl = 'http://localhost/fhir/R4';
const definitions = loadDefinitions();
const registry = createSearchRegistry(definitions);
const decide = decideBy(definitions, { registry, baseUrl, now: () => Date.UTC(2026, 0) });
const CATEGORY = 'http://terminology.hl7.org/CodeSystem/observation-category';

const coded = (system: string, code: string) => ({ coding: [{ system, code }] });
const observation = (id: string, patient: string, category: string, status: string) => ({
  resourceType: 'Observation',
  id,
  status,
  category: [coded(CATEGORY, category)],
  code: coded('http://loinc.org', '1'),
  subject: { reference: `Patient/${patient}` },
});

const SAMPLES = [
  observation('lab-a', 'a', 'laboratory', 'final'),
  observation('draft-a', 'a', 'laboratory', 'preliminary'),
  observation('vital-a', 'a', 'vital-signs', 'final'),
  observation('lab-b', 'b', 'laboratory', 'final'),
  { resourceType: 'Condition', id: 'cond-a', subject: { reference: 'Patient/a' } },
  { resourceType: 'Condition', id: 'cond-b', subject: { reference: 'Patient/b' } },
  { resourceType: 'Encounter', id: 'enc-a', status: 'finished', subject: { reference: 'Patient/a' } },
  { resourceType: 'Patient', id: 'a', gender: 'female', active: true },
  { resourceType: 'Patient', id: 'b', gender: 'male', active: true },
  { resourceType: 'Patient', id: 'twin', link: [{ other: { reference: 'Patient/a' }, type: 'seealso' }] },
  { resourceType: 'Practitioner', id: 'house', active: true },
  { resourceType: 'Practitioner', id: 'gone', active: false },
  { resourceType: 'Organization', id: 'org' },
  { resourceType: 'Device', id: 'pump', patient: { reference: 'Patient/a' } },
  { resourceType: 'AuditEvent', id: 'audit' },
  { resourceType: 'Subscription', id: 'sub' },
];
const IDS_OF = Map.groupBy(SAMPLES, ({ resourceType }) => resourceType);
const { admits } = createAdmission(
  { read: async () => undefined, readVersion: async () => undefined },
  { indexer: createIndexer(registry, definitions, { baseUrl }), baseUrl },
);

const INTERACTION: Readonly<Record<ScopeLetter, InteractionCode>> = {
  c: 'create',
  r: 'read',
  u: 'update',
  d: 'delete',
  s: 'search-type',
};

/** Ids of the samples that the letter reaches, "all" of them, or "refused". */
async function reached(scope: string, { patient, fhirUser }: Who, letter: ScopeLetter, type: string): Promise<string> {
  const scopes = parseScopes(scope, definitions.isResourceType);
  const access = decide({
    client: 'c',
    subject: 's',
    issuer: 'i',
    expiresAt: 0,
    scopes,
    ...(patient && { patient }),
    ...(fhirUser && { fhirUser }),
  });
  if (!access.allows(type, INTERACTION[letter])) return 'refused';
  const samples = IDS_OF.get(type) ?? [];
  const ids: string[] = [];
  for (const sample of samples) {
    const version = { type, id: sample.id, raw: JSON.stringify(sample), deleted: false, version: 1 } as ResourceVersion;
    if (await admits(version, access, letter)) ids.push(sample.id);
  }
  return ids.length === samples.length ? 'all' : ids.join(' ') || 'none';
}

interface Who {
  readonly patient?: string;
  readonly fhirUser?: string;
}

/** Scopes, a letter and a type, and what is reached. */
type Case = readonly [scopes: string, request: `${ScopeLetter} ${string}`, reached: string];

const A: Who = { patient: 'a' };
const DOCTOR: Who = { fhirUser: 'Practitioner/house' };
const LAB = `${CATEGORY}|laboratory`;
const OWN = 'lab-a draft-a vital-a';

const CASES: readonly (readonly [title: string, who: Who, cases: readonly Case[]])[] = [
  [
    'version 1',
    A,
    [
      ['patient/Observation.read', 'r Observation', OWN],
      ['patient/Observation.read', 's Observation', OWN],
      ['patient/Observation.read', 'c Observation', 'refused'],
      ['patient/Observation.read', 'd Observation', 'refused'],
      ['patient/Observation.read', 'r Condition', 'refused'],
      ['patient/Observation.write', 'r Observation', 'refused'],
      ['patient/Observation.write', 's Observation', 'refused'],
      ['patient/Observation.write', 'c Observation', OWN],
      ['patient/Observation.write', 'u Observation', OWN],
      ['patient/Observation.write', 'd Observation', OWN],
      ['patient/Observation.*', 'd Observation', OWN],
      ['patient/*.read', 'r Condition', 'cond-a'],
      ['patient/*.*', 'u Condition', 'cond-a'],
      ['patient/*.write', 's Condition', 'refused'],
      ['patient/Observation.read?category=x', 'r Observation', 'refused'],
      ['system/*.read', 'r Observation', 'all'],
      ['system/*.write', 'r Observation', 'refused'],
      ['user/*.read', 'r Observation', 'all'],
    ],
  ],
  [
    'version 2: letters in order, each once',
    A,
    [
      ['patient/Observation.rs', 'r Observation', OWN],
      ['patient/Observation.r', 's Observation', 'refused'],
      ['patient/Observation.s', 'r Observation', 'refused'],
      ['patient/Observation.s', 's Observation', OWN],
      ['patient/Observation.cruds', 'd Observation', OWN],
      ['patient/Observation.cud', 'c Observation', OWN],
      ['patient/Observation.cud', 'r Observation', 'refused'],
      ['patient/Observation.sr', 'r Observation', 'refused'],
      ['patient/Observation.rr', 'r Observation', 'refused'],
      ['patient/Observation.dus', 'd Observation', 'refused'],
      ['patient/Observation.rscud', 'r Observation', 'refused'],
      ['patient/Observation.', 'r Observation', 'refused'],
      ['patient/Observation.RS', 'r Observation', 'refused'],
      ['patient/Observation.rsx', 'r Observation', 'refused'],
      ['patient/Observation.readx', 'r Observation', 'refused'],
      ['patient/Observation.reads', 'd Observation', 'refused'],
      ['patient/observation.rs', 'r Observation', 'refused'],
      ['patient/Observations.rs', 'r Observation', 'refused'],
      ['Patient/Observation.rs', 'r Observation', 'refused'],
      ['xpatient/Observation.rs', 'r Observation', 'refused'],
      ['patient/Observation.rs,patient/Condition.rs', 'r Observation', 'refused'],
      ['patient/DomainResource.rs', 'r Observation', 'refused'],
    ],
  ],
  [
    'wildcards',
    A,
    [
      ['patient/*.rs', 'r Patient', 'a twin'],
      ['patient/*.rs', 's Encounter', 'all'],
      ['patient/*.rs', 'r Practitioner', 'refused'],
      ['patient/*.rs', 'r Organization', 'refused'],
      ['patient/*.rs', 'r Device', 'refused'],
      ['patient/*.cruds', 'r AuditEvent', 'refused'],
      ['patient/*.cruds', 'u Patient', 'a'],
      ['patient/*.cruds', 'd Patient', 'a'],
      ['system/*.cruds', 'u Patient', 'all'],
      ['system/*.cruds', 'r Device', 'all'],
      ['system/*.cruds', 'r AuditEvent', 'refused'],
      ['system/*.rs', 'c Observation', 'refused'],
      ['*/*.cruds', 'r Observation', 'refused'],
      ['patient/Obs*.rs', 'r Observation', 'refused'],
      ['patient/*', 'r Observation', 'refused'],
      ['*', 'r Observation', 'refused'],
    ],
  ],
  [
    'queries',
    A,
    [
      [`patient/Observation.rs?category=${LAB}`, 'r Observation', 'lab-a draft-a'],
      [`patient/Observation.rs?category=${LAB}`, 's Observation', 'lab-a draft-a'],
      [`patient/Observation.rs?category=${LAB}&status=final`, 'r Observation', 'lab-a'],
      [`patient/Observation.rs?category=${LAB},${CATEGORY}|vital-signs`, 'r Observation', OWN],
      [`patient/Observation.rs?category=laboratory`, 'r Observation', 'lab-a draft-a'],
      [`patient/Observation.rs?category=${encodeURIComponent(LAB)}`, 'r Observation', 'lab-a draft-a'],
      [`patient/Observation.cu?category=${LAB}`, 'c Observation', 'lab-a draft-a'],
      [`patient/Observation.cu?category=${LAB}`, 'u Observation', 'lab-a draft-a'],
      [`patient/Observation.cu?category=${LAB}`, 'r Observation', 'refused'],
      [`patient/Observation.d?status=preliminary`, 'd Observation', 'draft-a'],
      [`system/Observation.rs?category=${LAB}`, 'r Observation', 'lab-a draft-a lab-b'],
      ['system/Observation.rs?patient=b', 'r Observation', 'lab-b'],
      ['system/Observation.rs?subject=Patient/b', 'r Observation', 'lab-b'],
      ['patient/Observation.rs?patient=b', 'r Observation', 'none'],
      ['user/Patient.rs?gender=female', 'r Patient', 'a'],
      ['system/Practitioner.rs?active=true', 'r Practitioner', 'house'],
      ['system/Observation.rs?status=final&status=preliminary', 'r Observation', 'none'],
      ['system/Observation.rs?status=amended', 'r Observation', 'none'],
    ],
  ],
  [
    'queries that void the scope',
    A,
    [
      ['patient/Observation.rs?nonsense=1', 'r Observation', 'refused'],
      ['patient/Observation.rs?status', 'r Observation', 'refused'],
      ['patient/Observation.rs?status=', 'r Observation', 'refused'],
      ['patient/Observation.rs?', 'r Observation', 'refused'],
      ['patient/Observation.rs?status:not=final', 'r Observation', 'refused'],
      ['patient/Observation.rs?patient.gender=female', 'r Observation', 'refused'],
      ['patient/Patient.rs?_has:Observation:patient:status=final', 'r Patient', 'refused'],
      ['patient/Observation.rs?_include=Observation:subject', 'r Observation', 'refused'],
      ['patient/Observation.rs?_count=1', 'r Observation', 'refused'],
      ['patient/Observation.rs?status=final&nonsense=1', 'r Observation', 'refused'],
      ['patient/Observation.rs?status=final?code=1', 'r Observation', 'refused'],
      ['patient/*.rs?status=final', 'r Observation', 'refused'],
      ['system/Observation.rs?date=yesterday', 'r Observation', 'refused'],
      ['system/Observation.rs?status=%zz', 'r Observation', 'refused'],
    ],
  ],
  [
    'several scopes: each alone, then all together',
    A,
    [
      [
        `patient/Observation.rs?status=preliminary patient/Observation.rs?category=${CATEGORY}|vital-signs`,
        'r Observation',
        'draft-a vital-a',
      ],
      ['patient/Observation.r?status=final patient/Observation.s', 'r Observation', 'lab-a vital-a'],
      ['patient/Observation.r?status=final patient/Observation.s', 's Observation', OWN],
      ['patient/*.rs system/Observation.rs?status=preliminary', 'r Observation', OWN],
      ['patient/Observation.rs user/Condition.rs', 'r Condition', 'all'],
      ['patient/Observation.rs user/Condition.rs', 'r Observation', OWN],
      ['patient/*.rs patient/Practitioner.rs', 'r Practitioner', 'all'],
      ['patient/Practitioner.rs?active=true', 'r Practitioner', 'house'],
      ['patient/Practitioner.cruds', 'u Practitioner', 'refused'],
      ['patient/Organization.read', 's Organization', 'all'],
      ['patient/Device.rs', 'r Device', 'refused'],
      ['patient/Subscription.rs', 'r Subscription', 'refused'],
      ['patient/Observation.rsx patient/Observation.r', 'r Observation', OWN],
      ['openid fhirUser launch/patient offline_access', 'r Patient', 'refused'],
      ['', 'r Patient', 'refused'],
    ],
  ],
  [
    'no patient in the launch',
    {},
    [
      ['patient/*.cruds', 'r Observation', 'refused'],
      ['patient/Practitioner.rs', 'r Practitioner', 'refused'],
      ['patient/*.rs user/Observation.r', 'r Observation', 'all'],
      ['patient/*.rs user/Observation.r', 'r Condition', 'refused'],
    ],
  ],
  [
    'a doctor, with a patient in the launch',
    { ...DOCTOR, ...A },
    [
      ['patient/*.rs', 'r Observation', OWN],
      ['user/Observation.rs', 'r Observation', 'all'],
      ['user/*.cruds', 'd Condition', 'all'],
      ['user/*.cruds', 'r AuditEvent', 'refused'],
    ],
  ],
  [
    'a user who is a patient',
    { fhirUser: 'Patient/a' },
    [
      ['user/*.rs', 'r Observation', OWN],
      ['user/Observation.rs', 's Observation', OWN],
      ['user/*.cruds', 'u Patient', 'a'],
      ['user/Practitioner.rs', 'r Practitioner', 'all'],
      ['patient/*.rs', 'r Observation', 'refused'],
    ],
  ],
  ['a related person', { fhirUser: 'RelatedPerson/r' }, [['user/*.rs', 'r Observation', 'refused']]],
  ['a patient of another server', { fhirUser: 'https://other.example/Patient/a' }, [['user/*.rs', 'r Observation', 'refused']]],
  [
    'the audit trail, for administrators',
    {},
    [
      ['system/AuditEvent.rs', 'r AuditEvent', 'all'],
      ['system/AuditEvent.cruds', 'c AuditEvent', 'refused'],
      ['user/AuditEvent.rs', 'r AuditEvent', 'refused'],
      ['system/$shard.cruds', 'r Observation', 'refused'],
    ],
  ],
];

describe.each(CASES)('%s', (_title, who, cases) => {
  test.each(cases)('%j: %s reaches %s', async (scopes, request, expected) => {
    const [letter, type] = request.split(' ') as [ScopeLetter, string];
    expect(await reached(scopes, who, letter, type)).toBe(expected);
  });
});

describe('operations of administrators', () => {
  test.each([
    ['system/$shard.cruds', 'shard', 'r', true],
    ['system/$shard.r', 'shard', 'r', true],
    ['system/$shard.r', 'shard', 'u', false],
    ['system/$shard.read', 'shard', 'r', true],
    ['system/$shard.write', 'shard', 'r', false],
    ['system/$replica.rs system/$shard.u', 'shard', 'u', true],
    ['system/$replica.rs', 'shard', 'r', false],
    ['system/*.cruds', 'shard', 'r', false],
    ['system/*.*', 'benchmark', 'c', false],
    ['user/$shard.cruds', 'shard', 'r', false],
    ['patient/$shard.cruds', 'shard', 'r', false],
    ['system/$*.cruds', 'shard', 'r', false],
    ['system/$shard.rc', 'shard', 'r', false],
    ['system/$shard.r?a=b', 'shard', 'r', false],
    ['system/shard.r', 'shard', 'r', false],
    ['system/$de-identify.r', 'de-identify', 'r', true],
  ] as const)('%j for $%s, %s: %s', (scope, operation, letter, isAllowed) => {
    const scopes = parseScopes(scope, definitions.isResourceType);
    const access = decide({ client: 'c', subject: 's', issuer: 'i', expiresAt: 0, scopes });
    const ask = () => access.requireOperation(operation, letter);
    if (isAllowed) expect(ask).not.toThrow();
    else expect(ask).toThrow(FhirError);
  });
});

test('there are more than a hundred of them', () => {
  expect(CASES.flatMap(([, , cases]) => cases).length).toBeGreaterThan(100);
});
