/** @see https://hl7.org/fhir/R4/conformance-rules.html#constraints */
import { describe, expect, test } from 'vitest';
import { observation, patient, problems } from './testing.ts';

describe('invariants', () => {
  const reference = { reference: 'Patient/1' };
  test.each<[string, object, string]>([
    ['an extension with neither value nor extensions', patient({ extension: [{ url: 'u:x' }] }), 'Patient.extension[0]: invariant: ext-1'],
    [
      'an extension with both',
      patient({ extension: [{ url: 'u:x', valueCode: 'x', extension: [{ url: 'u:y', valueCode: 'y' }] }] }),
      'Patient.extension[0]: invariant: ext-1',
    ],
    ['an extension without url', patient({ extension: [{ valueCode: 'x' }] }), 'Patient.extension[0].url: required'],
    [
      'a period that ends before it starts',
      patient({ name: [{ period: { start: '2024-05', end: '2024-04-30' } }] }),
      'Patient.name[0].period: invariant: per-1',
    ],
    [
      'a unit code without system',
      observation({ valueQuantity: { value: 1, code: 'mg' } }),
      'Observation.value.ofType(Quantity): invariant: qty-3',
    ],
    [
      'a range upside down',
      observation({ valueRange: { low: { value: 2 }, high: { value: 1 } } }),
      'Observation.value.ofType(Range): invariant: rng-2',
    ],
    ['half a ratio', observation({ valueRatio: { numerator: { value: 1 } } }), 'Observation.value.ofType(Ratio): invariant: rat-1'],
    ['a telephone number without system', patient({ telecom: [{ value: '1' }] }), 'Patient.telecom[0]: invariant: cpt-2'],
    ['data without content type', patient({ photo: [{ data: 'AA==' }] }), 'Patient.photo[0]: invariant: att-1'],
    ['a value that is absent', observation({ valueString: 'x', dataAbsentReason: { text: 'y' } }), 'Observation: invariant: obs-6'],
    ['a contact without contact', patient({ contact: [{ gender: 'male' }] }), 'Patient.contact[0]: invariant: pat-1'],
    ['a nameless organization', { resourceType: 'Organization', active: true }, 'Organization: invariant: org-1'],
    [
      'an allergy without clinical status',
      { resourceType: 'AllergyIntolerance', patient: reference },
      'AllergyIntolerance: invariant: ait-1',
    ],
    [
      'an abated condition without status',
      { resourceType: 'Condition', subject: reference, abatementString: 'x' },
      'Condition: invariant: con-4',
    ],
    [
      'an appointment with half a time',
      {
        resourceType: 'Appointment',
        status: 'proposed',
        start: '2024-01-01T00:00:00Z',
        participant: [{ actor: reference, status: 'accepted' }],
      },
      'Appointment: invariant: app-2',
    ],
    [
      'a dose duration without unit',
      {
        resourceType: 'MedicationStatement',
        status: 'active',
        subject: reference,
        medicationCodeableConcept: { text: 'x' },
        dosage: [{ timing: { repeat: { duration: 1 } } }],
      },
      'MedicationStatement.dosage[0].timing.repeat: invariant: tim-1',
    ],
    [
      'an entry with nothing in it',
      { resourceType: 'Bundle', type: 'collection', entry: [{ fullUrl: 'urn:uuid:1' }] },
      'Bundle.entry[0]: invariant: bdl-5',
    ],
    [
      'a transaction entry without request',
      { resourceType: 'Bundle', type: 'transaction', entry: [{ resource: patient({}) }] },
      'Bundle: invariant: bdl-3',
    ],
    ['a total of a collection', { resourceType: 'Bundle', type: 'collection', total: 1 }, 'Bundle: invariant: bdl-1'],
    [
      'two entries of one name',
      { resourceType: 'Bundle', type: 'collection', entry: [1, 2].map(() => ({ fullUrl: 'urn:uuid:1', resource: patient({}) })) },
      'Bundle: invariant: bdl-7',
    ],
    [
      'a parameter with two values',
      { resourceType: 'Parameters', parameter: [{ name: 'x', valueCode: 'y', part: [{ name: 'z', valueCode: 'y' }] }] },
      'Parameters.parameter[0]: invariant: inv-1',
    ],
    [
      'a contained resource in a contained one',
      patient({
        contained: [{ resourceType: 'Patient', id: 'a', contained: [{ resourceType: 'Patient', id: 'b' }] }],
        link: [{ type: 'seealso', other: { reference: '#a' } }],
      }),
      'Patient.contained[0]: invariant: dom-2',
    ],
    [
      'a contained resource nobody refers to',
      patient({ contained: [{ resourceType: 'Patient', id: 'a' }] }),
      'Patient.contained[0]: invariant: dom-3',
    ],
    [
      'a version of a contained resource',
      patient({
        contained: [{ resourceType: 'Patient', id: 'a', meta: { versionId: '1' } }],
        link: [{ type: 'seealso', other: { reference: '#a' } }],
      }),
      'Patient.contained[0]: invariant: dom-4',
    ],
    [
      'a label of a contained resource',
      patient({
        contained: [{ resourceType: 'Patient', id: 'a', meta: { security: [{ code: 'R' }] } }],
        link: [{ type: 'seealso', other: { reference: '#a' } }],
      }),
      'Patient.contained[0]: invariant: dom-5',
    ],
    [
      'a contained resource without id',
      patient({ contained: [{ resourceType: 'Patient' }] }),
      'Patient.contained[0]: required: a contained resource must have an id',
    ],
    [
      'a contained resource of no type',
      patient({ contained: [{ id: 'a' }], link: [{ type: 'seealso', other: { reference: '#a' } }] }),
      'Patient.contained[0].resourceType: required',
    ],
    [
      'two contained resources of one id',
      patient({
        contained: [
          { resourceType: 'Patient', id: 'a' },
          { resourceType: 'Patient', id: 'a' },
        ],
        link: [{ type: 'seealso', other: { reference: '#a' } }],
      }),
      'Patient.contained[1]: duplicate',
    ],
  ])('%s', (_, resource, start) => {
    const found = problems(resource);
    expect(found.map((text) => text.slice(0, start.length))).toEqual([start]);
  });
});
