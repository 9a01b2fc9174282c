import { describe, expect, test } from 'vitest';
import { loadDefinitions } from './load.ts';

const definitions = loadDefinitions();
const element = (type: string, name: string) => definitions.types.get(type)?.elements.find((one) => one.name === name);

describe('definitions of R4', () => {
  test('have the 146 concrete types and nothing else', () => {
    expect(definitions.resourceTypes).toHaveLength(146);
    const others = ['Resource', 'DomainResource', 'MetadataResource', 'SubscriptionStatus', 'Bot', 'HumanName', 'constructor'];
    expect(others.filter(definitions.isResourceType)).toEqual([]);
    const kinds = [...definitions.types.values()].filter(({ kind }) => kind === 'resource').map(({ name }) => name);
    expect(kinds).toEqual(definitions.resourceTypes);
  });

  test('leave out what the makers of the package added to R4', () => {
    expect(element('Meta', 'project')).toBeUndefined();
    expect(element('ResearchStudy', 'whyStopped')).toBeUndefined();
    expect(element('EvidenceVariable.characteristic', 'definition')?.choice).toBe(true);
    expect(element('AuditEvent.agent', 'who')?.targets).not.toContain('Bot');
    expect(element('DetectedIssue', 'status')?.codes).toBe('observation-status');
    const others = definitions.searchParameters.filter(({ url }) => !/^http:\/\/hl7.org\/fhir\/(us\/core\/)?SearchParameter\//.test(url));
    expect(others.filter(({ url }) => !url.startsWith('https://meridian.example/fhir/SearchParameter/'))).toEqual([]);
  });

  test('name known types as targets of references', () => {
    const targets = [...definitions.types.values()].flatMap((type) => type.elements.flatMap((one) => one.targets ?? []));
    expect(targets.filter((target) => !definitions.isResourceType(target))).toEqual([]);
  });

  test('put inherited elements first, in the order of XML', () => {
    const names = definitions.types.get('Patient')?.elements.map(({ name }) => name);
    const inherited = ['id', 'meta', 'implicitRules', 'language', 'text', 'contained', 'extension', 'modifierExtension'];
    expect(names?.slice(0, 11)).toEqual([...inherited, 'identifier', 'active', 'name']);
  });

  test('expand choices and resolve types', () => {
    const property = definitions.types.get('Observation')?.properties.get('valueDateTime');
    expect(property).toMatchObject({ type: 'dateTime', element: { name: 'value', choice: true, required: false } });
    expect(property?.definition).toBe(definitions.types.get('dateTime'));
  });

  test('have the search parameters and compartments of R4', () => {
    expect(definitions.searchParameters.filter(({ url }) => url.startsWith('http://hl7.org/'))).toHaveLength(1384);
    expect(Object.keys(definitions.compartments)).toEqual(['Device', 'Encounter', 'Patient', 'Practitioner', 'RelatedPerson']);
    expect(Object.keys(definitions.compartments.Patient ?? {})).toHaveLength(66);
    expect(definitions.compartments.Patient?.Observation).toEqual(['subject', 'performer']);
  });

  test('list the codes of required bindings', () => {
    expect(definitions.codeSets.get('administrative-gender')).toEqual({
      'http://hl7.org/fhir/administrative-gender': ['male', 'female', 'other', 'unknown'],
    });
    const named = new Set([...definitions.types.values()].flatMap((type) => type.elements.flatMap(({ codes }) => codes ?? [])));
    expect([...named].filter((name) => !definitions.codeSets.has(name))).toEqual([]);
    expect(named.size).toBe(definitions.codeSets.size);
  });
});
