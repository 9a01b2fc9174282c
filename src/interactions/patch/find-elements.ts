/** Where in a resource the elements are that a FHIRPath selects. */
import { createRequire } from 'node:module';
import type { ResourceNode } from 'fhirpath';
import { invalidValue, unprocessable } from '../../model/error.ts';
import { type JsonObject, toPlain } from '../../model/lossless-json.ts';

/** One step from an element to its child: `{ name: 'given', index: 1 }`; a choice goes by `value` or by `valueQuantity`. */
export interface ElementStep {
  readonly name: string;
  readonly index: number | null;
}

/** [] is the resource itself. */
export type ElementPath = readonly ElementStep[];

/** The library takes 70 ms to load, so it is loaded by the first patch that needs it. */
const require = createRequire(import.meta.url);

/** Regular expressions from a client could run for hours; a patch selects by comparison. */
const REFUSED_FUNCTIONS = /^`?(?:matches|matchesFull|replaceMatches)`?$/;

/**
 * The elements of `resource` that `path` selects, in order.
 * @throws FhirError 400 if `path` isn't FHIRPath; 422 if it can't be evaluated, or selects what isn't an element of the resource
 */
export function findElements(resource: JsonObject, path: string, place: string): ElementPath[] {
  const expression = quoteDiv(path);
  const fhirpath = require('fhirpath') as typeof import('fhirpath');
  const r4 = require('fhirpath/fhir-context/r4') as Parameters<typeof fhirpath.evaluate>[3];
  checkSyntax(fhirpath, expression, place);
  const root = toPlain(resource);
  let found: unknown[];
  try {
    found = fhirpath.evaluate(root, expression, { resource: root }, r4, { resolveInternalTypes: false, traceFn: () => {} }) as unknown[];
  } catch (error) {
    throw unprocessable(`the path cannot be evaluated: ${reason(error)}`, place);
  }
  return found.map((node) => stepsTo(node, root, path, place));
}

/** `Patient.text.div` as HL7's own patch tests write it, though FHIRPath's grammar takes `div` for the operator. */
function quoteDiv(path: string): string {
  return path.replace(/'(?:[^'\\]|\\.)*'|\.div\b/g, (match) => (match === '.div' ? '.`div`' : match));
}

/** What the library says of the path; not what it stumbled over in itself. */
const reason = (error: unknown) => (error instanceof TypeError ? 'it breaks off' : (error as Error).message.split('\n', 1)[0]);

interface Syntax {
  readonly type?: string;
  readonly text?: string;
  readonly children?: readonly Syntax[];
}

function checkSyntax(fhirpath: typeof import('fhirpath'), path: string, place: string): void {
  let tree: Syntax;
  try {
    tree = fhirpath.parse(path);
  } catch (error) {
    throw invalidValue(`the path is not FHIRPath: ${reason(error)}`, place);
  }
  if (callsRefused(tree)) throw unprocessable('a path must not use regular expressions', place);
}

function callsRefused(syntax: Syntax): boolean {
  return (syntax.type === 'FunctionInvocation' && REFUSED_FUNCTIONS.test(syntax.text ?? '')) || (syntax.children ?? []).some(callsRefused);
}

type Node = Pick<ResourceNode, 'data'> & {
  readonly parentResNode: Node | null;
  readonly propName: string | null;
  readonly index: number | null;
};

function stepsTo(node: unknown, root: unknown, path: string, place: string): ElementPath {
  const steps: ElementStep[] = [];
  let current = node as Node | null;
  while (current?.parentResNode && current.propName) {
    steps.unshift({ name: current.propName, index: current.index });
    current = current.parentResNode;
  }
  if (current?.data !== root) throw unprocessable(`${path} does not select elements of the resource`, place);
  return steps;
}
