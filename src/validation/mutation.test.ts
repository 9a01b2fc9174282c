/** Breaks valid resources in one place each: validation must say so, there. */
import { describe, expect, test } from 'vitest';
import { readSynthea } from '../../tests/support/synthea.ts';
import type { TypeDefinition } from '../definitions/definitions.ts';
import { loadDefinitions } from '../definitions/load.ts';
import { createValidator } from './validate.ts';

type JsonObject = Record<string, unknown>;

const PER_TYPE = 4;

const definitions = loadDefinitions();
const validator = createValidator(definitions);
const options = { conditionalReferences: true };
const bundles = readSynthea().map(({ name, text }) => [name, JSON.parse(text) as { entry: { resource: JsonObject }[] }] as const);
const resources = bundles.flatMap(([, bundle]) => bundle.entry.map((entry) => entry.resource));
const byType = Map.groupBy(resources, (resource) => String(resource.resourceType));

test.each(bundles)('%s is valid', (_, bundle) => {
  expect(validator.validate(bundle, 'Bundle', options)).toEqual([]);
});

interface Place {
  readonly object: JsonObject;
  readonly type: TypeDefinition;
  readonly path: string;
}

/** Every object in a resource with its type and FHIRPath. */
function placesIn(object: JsonObject, type: TypeDefinition, path: string): Place[] {
  const inner = Object.entries(object).flatMap(([name, value]) => {
    const property = type.properties.get(name);
    if (!property || property.definition.kind === 'primitive') return [];
    const step = `${path}.${property.element.choice ? `${property.element.name}.ofType(${property.type})` : name}`;
    const values = Array.isArray(value) ? value.map((item, index) => [item, `${step}[${index}]`] as const) : [[value, step] as const];
    return values.flatMap(([item, place]) => placesIn(item as JsonObject, typeOf(item as JsonObject, property.definition), place));
  });
  return [{ object, type, path }, ...inner];
}

function typeOf(object: JsonObject, declared: TypeDefinition): TypeDefinition {
  const name = declared.name === 'Resource' ? String(object.resourceType) : declared.name;
  return definitions.types.get(name) ?? declared;
}

/** Runs `change` on each place of a copy in turn and gives places and codes found, with what was expected. */
function mutations(
  resource: JsonObject,
  change: (place: Place) => readonly { readonly apply: () => void; readonly undo: () => void; readonly at: string }[],
) {
  const copy = structuredClone(resource);
  const type = definitions.types.get(String(copy.resourceType)) as TypeDefinition;
  const missed: string[] = [];
  let count = 0;
  for (const place of placesIn(copy, type, type.name)) {
    for (const { apply, undo, at } of change(place)) {
      apply();
      const found = validator.validate(copy, undefined, options).map((issue) => issue.expression?.[0]);
      undo();
      count += 1;
      if (!found.includes(at)) missed.push(`${at}, found ${found.join(' ')}`);
    }
  }
  return { missed, count };
}

const swap = (object: JsonObject, name: string, value: unknown) => {
  const before = { ...object };
  return {
    apply: () => {
      if (value === undefined) delete object[name];
      else object[name] = value;
    },
    undo: () => {
      for (const key of Object.keys(object)) delete object[key];
      Object.assign(object, before);
    },
  };
};

describe.each([...byType])('%s, broken in one place', (_, all) => {
  const sample = all.slice(0, PER_TYPE);

  function expectAllFound(change: Parameters<typeof mutations>[1]): void {
    const results = sample.map((resource) => mutations(resource, change));
    expect(results.flatMap(({ missed }) => missed)).toEqual([]);
    expect(results.reduce((sum, { count }) => sum + count, 0)).toBeGreaterThan(0);
  }

  test('an unknown element', () => {
    expectAllFound(({ object, path }) => [{ ...swap(object, 'fooBar', 'x'), at: `${path}.fooBar` }]);
  });

  test('a required element left out', () => {
    const results = sample.map((resource) =>
      mutations(resource, ({ object, type, path }) =>
        [...type.properties.values()]
          .filter(({ name, element }) => element.required && name in object)
          .map(({ name, element }) => ({ ...swap(object, name, undefined), at: `${path}.${element.name}` })),
      ),
    );
    expect(results.flatMap(({ missed }) => missed)).toEqual([]);
  });

  test('a value of another type', () => {
    expectAllFound(({ object, type, path }) =>
      [...type.properties.values()]
        .filter(({ name, type: kind }) => name in object && kind !== 'xhtml')
        .map(({ name, element, type: kind, definition }) => {
          const wrong = definition.kind === 'primitive' ? { x: 1 } : 'x';
          const step = element.choice ? `${element.name}.ofType(${kind})` : name;
          return { ...swap(object, name, element.list ? [wrong] : wrong), at: `${path}.${step}${element.list ? '[0]' : ''}` };
        }),
    );
  });

  test('an array where one value belongs, and the other way round', () => {
    expectAllFound(({ object, type, path }) =>
      [...type.properties.values()]
        .filter(({ name }) => name in object)
        .map(({ name, element, type: kind }) => {
          const step = element.choice ? `${element.name}.ofType(${kind})` : name;
          const value = object[name];
          return { ...swap(object, name, Array.isArray(value) ? value[0] : [value]), at: `${path}.${step}` };
        }),
    );
  });
});
