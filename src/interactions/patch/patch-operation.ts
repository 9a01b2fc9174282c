/**
 * The operations of a FHIRPath Patch, read from its Parameters resource.
 *
 * @see https://hl7.org/fhir/R4/fhirpatch.html
 */
import { invalidValue, tooLarge } from '../../model/error.ts';
import { JsonNumber, type JsonObject, type JsonTree } from '../../model/lossless-json.ts';

/** More than any honest patch has; each one evaluates a FHIRPath. */
const MAX_OPERATIONS = 1_000;
const MAX_PATH_LENGTH = 1_000;

export type PatchOperation =
  | { readonly type: 'add'; readonly path: string; readonly name: string; readonly value: PatchValue; readonly place: string }
  | { readonly type: 'insert'; readonly path: string; readonly index: number; readonly value: PatchValue; readonly place: string }
  | { readonly type: 'delete'; readonly path: string; readonly place: string }
  | { readonly type: 'replace'; readonly path: string; readonly value: PatchValue; readonly place: string }
  | { readonly type: 'move'; readonly path: string; readonly source: number; readonly destination: number; readonly place: string };

/** What to put into the resource. */
export type PatchValue =
  /** `valueDateTime` with suffix "DateTime"; `extra` is `_valueDateTime`. */
  | { readonly kind: 'typed'; readonly suffix: string; readonly value: JsonTree; readonly extra: JsonTree }
  /** A backbone element (or any complex type) spelt out part by part. */
  | { readonly kind: 'parts'; readonly parts: readonly { readonly name: string; readonly value: PatchValue }[] }
  | { readonly kind: 'resource'; readonly value: JsonObject };

/** @throws FhirError 400 naming the parameter that is missing or wrong */
export function readOperations(parameters: JsonTree): PatchOperation[] {
  if (!(parameters instanceof Map) || parameters.get('resourceType') !== 'Parameters') {
    throw invalidValue('a FHIRPath Patch is a Parameters resource', 'Parameters');
  }
  const list = parameters.get('parameter') ?? [];
  if (!Array.isArray(list)) throw invalidValue('parameter must be a list', 'Parameters.parameter');
  if (list.length > MAX_OPERATIONS) throw tooLarge(`a patch has at most ${MAX_OPERATIONS} operations`);
  return list.map((parameter, index) => readOperation(parameter, `Parameters.parameter[${index}]`));
}

function readOperation(parameter: JsonTree, place: string): PatchOperation {
  if (!(parameter instanceof Map) || parameter.get('name') !== 'operation')
    throw invalidValue('each parameter is named "operation"', `${place}.name`);
  const parts = new Parts(parameter, place);
  const type = parts.text('type');
  const path = parts.text('path');
  if (path.length > MAX_PATH_LENGTH) throw tooLarge(`a path has at most ${MAX_PATH_LENGTH} characters`, `${place}.part`);
  switch (type) {
    case 'add':
      return { type, path, place, name: parts.text('name'), value: parts.value() };
    case 'insert':
      return { type, path, place, index: parts.index('index'), value: parts.value() };
    case 'delete':
      return { type, path, place };
    case 'replace':
      return { type, path, place, value: parts.value() };
    case 'move':
      return { type, path, place, source: parts.index('source'), destination: parts.index('destination') };
    default:
      throw invalidValue('type is one of add, insert, delete, replace, move', `${place}.part.where(name='type')`);
  }
}

class Parts {
  readonly #parts = new Map<string, JsonObject>();
  readonly #place: string;

  constructor(parameter: JsonObject, place: string) {
    this.#place = place;
    for (const part of partsOf(parameter, place)) {
      const name = nameOf(part, place);
      if (this.#parts.has(name)) throw invalidValue(`the part "${name}" stands twice`, this.#at(name));
      this.#parts.set(name, part);
    }
  }

  text(name: string): string {
    const part = this.#get(name);
    const value = part.get('valueString') ?? part.get('valueCode');
    if (typeof value !== 'string' || value === '') throw invalidValue(`"${name}" must be a string`, this.#at(name));
    return value;
  }

  index(name: string): number {
    const part = this.#get(name);
    const value = part.get('valueInteger') ?? part.get('valueUnsignedInt') ?? part.get('valuePositiveInt');
    const isIndex = value instanceof JsonNumber && /^\d{1,9}$/.test(value.lexeme);
    if (!isIndex) throw invalidValue(`"${name}" must be an integer from 0`, this.#at(name));
    return Number(value.lexeme);
  }

  value(): PatchValue {
    return readValue(this.#get('value'), this.#at('value'));
  }

  #get(name: string): JsonObject {
    const part = this.#parts.get(name);
    if (!part) throw invalidValue(`the part "${name}" is missing`, this.#at(name));
    return part;
  }

  #at(name: string): string {
    return `${this.#place}.part.where(name='${name}')`;
  }
}

function readValue(part: JsonObject, place: string): PatchValue {
  const suffixes = new Set(
    Array.from(part.keys(), (name) => /^_?value([A-Z]\w*)$/.exec(name)?.[1]).filter((suffix) => suffix !== undefined),
  );
  const [suffix] = suffixes;
  const resource = part.get('resource');
  if (
    suffixes.size + Number(part.has('part')) + Number(resource !== undefined) !== 1 ||
    (resource !== undefined && !(resource instanceof Map))
  ) {
    throw invalidValue('a value is one value[x], parts, or a resource', place);
  }
  if (resource instanceof Map) return { kind: 'resource', value: resource };
  if (suffix !== undefined) {
    return { kind: 'typed', suffix, value: part.get(`value${suffix}`) ?? null, extra: part.get(`_value${suffix}`) ?? null };
  }
  const parts = partsOf(part, place).map((child, index) => ({
    name: nameOf(child, place),
    value: readValue(child, `${place}.part[${index}]`),
  }));
  return { kind: 'parts', parts };
}

function partsOf(parameter: JsonObject, place: string): JsonObject[] {
  const parts = parameter.get('part') ?? [];
  if (!Array.isArray(parts) || !parts.every((part) => part instanceof Map))
    throw invalidValue('part must be a list of parts', `${place}.part`);
  return parts as JsonObject[];
}

function nameOf(part: JsonObject, place: string): string {
  const name = part.get('name');
  if (typeof name !== 'string') throw invalidValue('each part has a name', `${place}.part.name`);
  return name;
}
