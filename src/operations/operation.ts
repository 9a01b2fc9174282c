/**
 * Operations as values: what the OperationDefinition says plus what it can't.
 * @see https://hl7.org/fhir/R4/operations.html
 */
import type { AccessDecision } from '../access/decision.ts';
import type { InteractionContext, OperationLevel } from '../interactions/context.ts';
import type { FhirRequest, FhirResponse } from '../interactions/request.ts';

/** The parts of an OperationDefinition (`fhir/definitions/*.json`) that the server acts on. */
interface OperationDefinition {
  readonly url: string;
  readonly name: string;
  /** The name in the URL, without `$`. */
  readonly code: string;
  /** Types on which it is offered; `Resource` stands for all. */
  readonly resource?: readonly string[];
  readonly system: boolean;
  readonly type: boolean;
  readonly instance: boolean;
  readonly parameter?: readonly OperationParameter[];
}

export interface OperationParameter {
  readonly name: string;
  readonly use: string;
  readonly min: number;
  readonly max: string;
  readonly type?: string;
}

export interface Operation {
  readonly definition: OperationDefinition;
  /** True if it changes something, so that GET can't invoke it. */
  readonly affectsState: boolean;
  /** Where these are not the usual methods: POST, and GET and HEAD for what changes nothing. */
  readonly methods?: readonly string[];
  /** Parameters of the URL that its definition does not name. */
  readonly ownParameters?: readonly string[];
  /** Its parameters are those of a search, which it checks itself. */
  readonly takesSearch?: true;
  /** It helps to see or mend a server in trouble, so it is the last to be refused under load. */
  readonly isAdministrative?: boolean;
  /** Asks for the scopes that it needs. @throws FhirError 403 */
  readonly authorise: (access: AccessDecision, request: FhirRequest) => void;
  readonly handle: (request: FhirRequest, context: InteractionContext) => Promise<FhirResponse>;
}

interface OperationSource extends Omit<Operation, 'definition'> {
  /** As parsed from JSON. */
  readonly definition: unknown;
}

/** @throws Error at start-up if the definition lacks what the server needs */
export function defineOperation(source: OperationSource): Operation {
  const definition = source.definition as OperationDefinition;
  const { url, code, system, type, instance } = definition;
  const isComplete =
    [url, code].every((text) => typeof text === 'string') && [system, type, instance].every((level) => typeof level === 'boolean');
  if (!isComplete) throw new Error(`an OperationDefinition lacks url, code or levels: ${url ?? code}`);
  return { ...source, definition };
}

/** True if the operation can be invoked there. */
export function isOffered({ definition }: Operation, level: OperationLevel, type: string | undefined): boolean {
  if (!definition[level]) return false;
  return (
    type === undefined || definition.resource === undefined || definition.resource.some((each) => each === type || each === 'Resource')
  );
}
