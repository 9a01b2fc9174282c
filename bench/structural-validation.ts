/**
 * Which checks a resource's structure cheaper and says better what is wrong: Ajv with a schema made from the element tables,
 * or the walk of `src/validation`? Run: `node bench/structural-validation.ts`; figures in docs/decisions/002.
 */
import { Ajv } from 'ajv';
import type { Definitions, ElementDefinition, PropertyDefinition, TypeDefinition } from '../src/definitions/definitions.ts';
import { loadDefinitions } from '../src/definitions/load.ts';
import { createValidator } from '../src/validation/validate.ts';
import { readSynthea } from '../tests/support/synthea.ts';

type JsonObject = Record<string, unknown>;

const PATTERNS: Readonly<Record<string, object>> = {
  boolean: { type: 'boolean' },
  decimal: { type: 'number' },
  integer: { type: 'integer' },
  unsignedInt: { type: 'integer', minimum: 0 },
  positiveInt: { type: 'integer', minimum: 1 },
  code: { type: 'string', pattern: '^[^\\s]+(\\s[^\\s]+)*$' },
  id: { type: 'string', pattern: '^[A-Za-z0-9\\-\\.]{1,64}$' },
  uri: { type: 'string', pattern: '^\\S+$' },
  dateTime: {
    type: 'string',
    pattern:
      '^\\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[1-2]\\d|3[0-1])(T([01]\\d|2[0-3]):[0-5]\\d:([0-5]\\d|60)(\\.\\d+)?(Z|[+-]((0\\d|1[0-3]):[0-5]\\d|14:00)))?)?)?$',
  },
  instant: { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?(Z|[+-]\\d\\d:\\d\\d)$' },
  string: { type: 'string', pattern: '^[ \\r\\n\\t\\S]+$' },
};

/** What JSON Schema says easily; one case of a choice only, null places, bindings of concepts, `#id` and narratives are left out. */
function schemaOf(definitions: Definitions, roots: readonly string[]): object {
  const $defs: Record<string, object> = {};
  const visit = (type: TypeDefinition): void => {
    if (type.name in $defs) return;
    $defs[type.name] = {};
    $defs[type.name] = objectSchema(definitions, type);
    for (const { definition } of type.properties.values()) if (definition.kind === 'complex') visit(definition);
  };
  for (const name of [...roots, 'Element']) visit(definitions.types.get(name) as TypeDefinition);
  $defs.Resource = { type: 'object', required: ['resourceType'] };
  return {
    $defs,
    oneOf: roots.map((name) => ({ $ref: `#/$defs/${name}` })),
    discriminator: { propertyName: 'resourceType' },
    type: 'object',
    required: ['resourceType'],
  };
}

function objectSchema(definitions: Definitions, type: TypeDefinition): object {
  const properties: JsonObject = type.kind === 'resource' ? { resourceType: { const: type.name } } : {};
  for (const property of type.properties.values()) {
    properties[property.name] = listed(property.element, valueSchema(definitions, property));
    if (property.definition.kind === 'primitive') properties[`_${property.name}`] = listed(property.element, { $ref: '#/$defs/Element' });
  }
  const required = type.elements.filter((element) => element.required);
  const oneOfEach = required.map((element) => ({
    anyOf: [...type.properties.values()].filter((one) => one.element === element).map(({ name }) => ({ required: [name] })),
  }));
  return { type: 'object', properties, additionalProperties: false, minProperties: 1, ...(oneOfEach.length > 0 && { allOf: oneOfEach }) };
}

function listed(element: ElementDefinition, schema: object): object {
  return element.list ? { type: 'array', minItems: 1, items: schema } : schema;
}

function valueSchema(definitions: Definitions, { element, type, definition }: PropertyDefinition): object {
  if (definition.kind !== 'primitive') return { $ref: `#/$defs/${type}` };
  const codes = element.codes && definitions.codeSets.get(element.codes);
  return codes ? { enum: Object.values(codes).flat() } : (PATTERNS[type] ?? PATTERNS.string ?? {});
}

function microseconds(resources: readonly unknown[], validate: (resource: unknown) => void): string {
  const runs = Array.from({ length: 15 }, () => {
    const before = process.cpuUsage();
    for (let round = 0; round < 20; round += 1) for (const resource of resources) validate(resource);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / resources.length / 20;
  }).sort((left, right) => left - right);
  return `${runs[7]?.toFixed(1)} µs (${runs[0]?.toFixed(1)} to ${runs[14]?.toFixed(1)})`;
}

function compiled(name: string, schema: object, allErrors: boolean) {
  const start = performance.now();
  const heap = process.memoryUsage().heapUsed;
  const validate = new Ajv({ allErrors, discriminator: true, strict: false }).compile(schema);
  const megabytes = (process.memoryUsage().heapUsed - heap) / 2 ** 20;
  console.log(`${name}: compiled in ${(performance.now() - start).toFixed(0)} ms, heap +${megabytes.toFixed(0)} MiB`);
  return validate;
}

const definitions = loadDefinitions();
const bundles = readSynthea().map(({ text }) => JSON.parse(text) as { entry: { resource: JsonObject }[] });
const resources = bundles.flatMap((bundle) => bundle.entry.map((entry) => entry.resource));
const observations = resources.filter((resource) => resource.resourceType === 'Observation' || resource.resourceType === 'Patient');
const bytes = observations.reduce((sum, resource) => sum + JSON.stringify(resource).length, 0) / observations.length;
console.log(`${observations.length} Observations and Patients of ${bytes.toFixed(0)} B`);

const two = schemaOf(definitions, ['Patient', 'Observation']);
const start = performance.now();
const validator = createValidator(definitions);
validator.validate(observations[0], undefined, { conditionalReferences: true });
console.log(`walk: created, first resource checked in ${(performance.now() - start).toFixed(1)} ms`);
const all = compiled('Ajv, all errors, 2 types', two, true);
const first = compiled('Ajv, first error, 2 types', two, false);
compiled('Ajv, all errors, 146 types', schemaOf(definitions, definitions.resourceTypes), true);

console.log(`invalid for Ajv: ${observations.filter((one) => !all(one)).length}`);
console.log(`walk: ${microseconds(observations, (one) => validator.validate(one, undefined, { conditionalReferences: true }))}`);
console.log(`Ajv, all errors: ${microseconds(observations, all)}`);
console.log(`Ajv, first error: ${microseconds(observations, first)}`);

const broken = {
  resourceType: 'Observation',
  status: 'finl',
  valueQuantiy: { value: '7' },
  code: { coding: [{ sytem: 'x' }] },
  subject: {},
};
all(broken);
console.log(
  'Ajv:',
  all.errors?.map(({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`),
);
console.log(
  'walk:',
  validator.validate(broken).map(({ expression, diagnostics }) => `${expression?.[0]}: ${diagnostics}`),
);
