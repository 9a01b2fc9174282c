/**
 * JSON Patch on the lossless tree, so that numbers which the patch doesn't touch keep their digits, and those it brings too.
 *
 * @see https://hl7.org/fhir/R4/http.html#patch
 * @see RFC 6902
 */
import { type FhirError, invalidValue, tooLarge, unprocessable } from '../../model/error.ts';
import { equalTrees } from '../../model/json-equal.ts';
import { fromPlain, type JsonObject, type JsonTree, parseLossless, printLossless } from '../../model/lossless-json.ts';
import { unreachable } from '../../model/unreachable.ts';
import { type JsonPointer, parsePointer, pointerText } from './json-pointer.ts';

/** More operations, or more values copied, than any honest patch has; a patch that doubles a subtree 30 times is none. */
const MAX_OPERATIONS = 1_000;
const MAX_COPIED_VALUES = 1_000_000;
const MAX_DEPTH = 128;

/**
 * The resource's JSON text after the patch. All operations apply or none. `patch` is the JSON text of an RFC 6902 document
 * (exact), or its parsed value. The caller checks that `id` and `resourceType` stay.
 * @throws FhirError 400 if the patch isn't RFC 6902; 422 if an operation can't be applied or a `test` fails; 413 if it copies without bound
 */
export function applyJsonPatch(text: string, patch: unknown): string {
  const operations = readOperations(typeof patch === 'string' ? parseLossless(patch, { maxDepth: MAX_DEPTH }) : fromPlain(patch));
  const document: Document = { root: parseLossless(text), copied: 0 };
  operations.forEach((operation, index) => {
    apply(document, operation, `[${index}]`);
  });
  if (!(document.root instanceof Map)) throw unprocessable('the patch leaves no resource');
  return printLossless(document.root);
}

interface Document {
  root: JsonTree;
  /** Values that `copy` has made so far. */
  copied: number;
}

type Operation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: JsonPointer; readonly value: JsonTree }
  | { readonly op: 'remove'; readonly path: JsonPointer }
  | { readonly op: 'move' | 'copy'; readonly from: JsonPointer; readonly path: JsonPointer };

function readOperations(patch: JsonTree): Operation[] {
  if (!Array.isArray(patch)) throw invalidValue('a JSON Patch is an array of operations');
  if (patch.length > MAX_OPERATIONS) throw tooLarge(`a patch has at most ${MAX_OPERATIONS} operations`);
  return patch.map((operation, index) => readOperation(operation, `[${index}]`));
}

function readOperation(operation: JsonTree, place: string): Operation {
  if (!(operation instanceof Map)) throw invalidValue('an operation of a JSON Patch is an object', place);
  const op = operation.get('op');
  const path = pointerOf(operation, 'path', place);
  switch (op) {
    case 'add':
    case 'replace':
    case 'test': {
      const value = operation.get('value');
      if (value === undefined) throw invalidValue(`"${op}" needs a value`, `${place}.value`);
      return { op, path, value };
    }
    case 'remove':
      return { op, path };
    case 'move':
    case 'copy':
      return { op, path, from: pointerOf(operation, 'from', place) };
    default:
      throw invalidValue('op is one of add, remove, replace, move, copy, test', `${place}.op`);
  }
}

function pointerOf(operation: JsonObject, name: 'path' | 'from', place: string): JsonPointer {
  const text = operation.get(name);
  if (typeof text !== 'string') throw invalidValue(`${name} must be a JSON Pointer`, `${place}.${name}`);
  return parsePointer(text, `${place}.${name}`);
}

function apply(document: Document, operation: Operation, place: string): void {
  const { path } = operation;
  switch (operation.op) {
    case 'add':
      add(document, path, cloned(document, operation.value), place);
      break;
    case 'replace':
      valueAt(document, path, place);
      set(document, path, cloned(document, operation.value), place);
      break;
    case 'remove':
      take(document, path, place);
      break;
    case 'test':
      if (!equalTrees(valueAt(document, path, place), operation.value)) throw notApplicable('the test does not hold', path, place);
      break;
    case 'copy':
      add(document, path, cloned(document, valueAt(document, operation.from, place)), place);
      break;
    case 'move':
      if (isInside(operation.from, path)) throw notApplicable('a value cannot be moved into itself', path, place);
      add(document, path, take(document, operation.from, place), place);
      break;
    default:
      unreachable(operation);
  }
}

function add(document: Document, path: JsonPointer, value: JsonTree, place: string): void {
  const [parent, name] = parentOf(document, path, place);
  if (!Array.isArray(parent)) {
    set(document, path, value, place);
    return;
  }
  const index = name === '-' ? parent.length : arrayIndex(name);
  if (index === undefined || index > parent.length) throw notApplicable('the array has no such place', path, place);
  checkDepth(path, value, place);
  parent.splice(index, 0, value);
}

/** Puts the value at an existing element, or at a member whether it exists or not. */
function set(document: Document, path: JsonPointer, value: JsonTree, place: string): void {
  checkDepth(path, value, place);
  const [parent, name] = parentOf(document, path, place);
  if (parent === undefined) document.root = value;
  else if (parent instanceof Map) parent.set(name, value);
  else parent[arrayIndex(name) as number] = value;
}

/** Removes the value, which must be there, and gives it. */
function take(document: Document, path: JsonPointer, place: string): JsonTree {
  const value = valueAt(document, path, place);
  const [parent, name] = parentOf(document, path, place);
  if (parent === undefined) throw notApplicable('the whole resource cannot be removed', path, place);
  if (parent instanceof Map) parent.delete(name);
  else parent.splice(arrayIndex(name) as number, 1);
  return value;
}

/** The container that the last step of `path` is in; undefined for the root. */
function parentOf(document: Document, path: JsonPointer, place: string): [JsonObject | JsonTree[] | undefined, string] {
  const name = path.at(-1);
  if (name === undefined) return [undefined, ''];
  const parent = valueAt(document, path.slice(0, -1), place);
  if (!(parent instanceof Map) && !Array.isArray(parent)) throw notApplicable('there is nothing to put a member into', path, place);
  return [parent, name];
}

function valueAt(document: Document, path: JsonPointer, place: string): JsonTree {
  let value: JsonTree | undefined = document.root;
  for (const step of path) {
    if (value instanceof Map) value = value.get(step);
    else if (Array.isArray(value)) value = value[arrayIndex(step) ?? -1];
    else value = undefined;
    if (value === undefined) throw notApplicable('there is no such value', path, place);
  }
  return value;
}

function arrayIndex(step: string): number | undefined {
  return /^(?:0|[1-9]\d{0,8})$/.test(step) ? Number(step) : undefined;
}

function isInside(outer: JsonPointer, inner: JsonPointer): boolean {
  return inner.length > outer.length && outer.every((step, i) => step === inner[i]);
}

/** Keeps the recursion of this file, and of the printer, far from the end of the stack. */
function checkDepth(path: JsonPointer, value: JsonTree, place: string): void {
  if (path.length + depthOf(value) > MAX_DEPTH) throw notApplicable('the result nests too deep', path, place);
}

function depthOf(value: JsonTree): number {
  if (!(value instanceof Map) && !Array.isArray(value)) return 0;
  let deepest = 0;
  for (const child of value.values()) deepest = Math.max(deepest, depthOf(child));
  return deepest + 1;
}

/** A copy that shares nothing with the patch or the place it came from, so that later operations change one place only. */
function cloned(document: Document, value: JsonTree): JsonTree {
  if (++document.copied > MAX_COPIED_VALUES) throw tooLarge('the patch copies too much');
  if (Array.isArray(value)) return value.map((item) => cloned(document, item));
  if (value instanceof Map) return new Map(Array.from(value, ([name, member]) => [name, cloned(document, member)]));
  return value;
}

function notApplicable(problem: string, path: JsonPointer, place: string): FhirError {
  return unprocessable(`${problem}: ${pointerText(path)}`, place);
}
