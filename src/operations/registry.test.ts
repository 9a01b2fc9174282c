import { expect, test } from 'vitest';
import { defineOperation } from './operation.ts';
import { createOperationRegistry } from './registry.ts';
import { validate } from './validate.ts';

const of = (change: object) =>
  defineOperation({
    ...validate,
    definition: { url: 'urn:x', name: 'x', code: 'x', system: true, type: false, instance: true, ...change },
  });

test('finds by name, level and type', () => {
  const { find } = createOperationRegistry([validate, of({ resource: ['Patient'] })]);
  expect(find('validate', 'type', 'Basic')?.name).toBe('validate');
  expect(find('validate', 'system', undefined)).toBeUndefined();
  expect(find('x', 'system', undefined)?.name).toBe('x');
  expect(find('x', 'instance', 'Patient')?.name).toBe('x');
  expect(find('x', 'instance', 'Basic')).toBeUndefined();
  expect(find('x', 'type', 'Patient')).toBeUndefined();
});

test('asks for scopes before it does anything', async () => {
  const refused = new Error('refused');
  const operation = {
    ...of({}),
    authorise: () => {
      throw refused;
    },
    handle: () => Promise.reject(new Error('done')),
  };
  const found = createOperationRegistry([operation]).find('x', 'system', undefined);
  await expect(found?.handle({} as never, {} as never)).rejects.toBe(refused);
});

test('describes itself for the CapabilityStatement', () => {
  expect(createOperationRegistry([validate]).described).toEqual([
    { name: 'validate', definition: 'http://hl7.org/fhir/OperationDefinition/Resource-validate', types: ['Resource'], isSystem: false },
  ]);
});

test('refuses two of one definition, and a definition that lacks its levels', () => {
  expect(() => createOperationRegistry([validate, validate])).toThrow('Resource-validate');
  expect(() => of({ system: undefined })).toThrow('urn:x');
});
