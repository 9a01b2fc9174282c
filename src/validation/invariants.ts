/**
 * R4's invariants that one look at an object decides, by the type they are on. Texts are those of the specification.
 * Values may be of any type here: what is malformed is reported elsewhere and counts as absent.
 */
import { timeRange } from '../model/instant.ts';

type Value = Readonly<Record<string, unknown>>;

export interface Invariant {
  readonly key: string;
  readonly human: string;
  readonly holds: (value: Value) => boolean;
}

/** Invariants of a type, of a backbone by its path. */
export function invariantsOf(type: string): readonly Invariant[] {
  return INVARIANTS[type] ?? [];
}

const has = (value: Value, ...names: readonly string[]) =>
  names.some((name) => value[name] !== undefined || value[`_${name}`] !== undefined);
const hasChoice = (value: Value, start: string) =>
  Object.keys(value).some((name) => name.startsWith(start) || name.startsWith(`_${start}`));
const implies = (condition: boolean, consequence: boolean) => !condition || consequence;
const isObject = (value: unknown): value is Value => typeof value === 'object' && value !== null;
const items = (value: unknown): readonly Value[] => (Array.isArray(value) ? value.filter(isObject) : []);
const isCoded = (concept: unknown, codes: readonly unknown[]) =>
  isObject(concept) && items(concept.coding).some((coding) => codes.includes(coding.code));
const isOneOf = (value: unknown, ...codes: readonly unknown[]) => codes.includes(value);
const notNegative = (value: unknown) => typeof value !== 'number' || value >= 0;

/** Compares as far as the precision of both allows: `2024-05` is not after `2024`. */
function inOrder(start: unknown, end: unknown): boolean {
  const [first, last] = [start, end].map((text) => (typeof text === 'string' ? timeRange(text) : undefined));
  return !first || !last || first.lo <= last.hi;
}

function quantitiesInOrder({ low, high }: Value): boolean {
  if (!isObject(low) || !isObject(high) || low.code !== high.code || low.unit !== high.unit) return true;
  return typeof low.value !== 'number' || typeof high.value !== 'number' || low.value <= high.value;
}

const invariant = (key: string, human: string, holds: Invariant['holds']): Invariant => ({ key, human, holds });

const CODE_NEEDS_SYSTEM = [
  invariant('qty-3', 'If a code for the unit is present, the system SHALL also be present', (value) =>
    implies(has(value, 'code'), has(value, 'system')),
  ),
];

const INVARIANTS: Readonly<Record<string, readonly Invariant[]>> = {
  Extension: [
    invariant(
      'ext-1',
      'Must have either extensions or value[x], not both',
      (value) => has(value, 'extension') !== hasChoice(value, 'value'),
    ),
  ],
  Period: [invariant('per-1', 'If present, start SHALL have a lower value than end', ({ start, end }) => inOrder(start, end))],
  Quantity: CODE_NEEDS_SYSTEM,
  Age: CODE_NEEDS_SYSTEM,
  Count: CODE_NEEDS_SYSTEM,
  Distance: CODE_NEEDS_SYSTEM,
  Duration: CODE_NEEDS_SYSTEM,
  Range: [invariant('rng-2', 'If present, low SHALL have a lower value than high', quantitiesInOrder)],
  Ratio: [
    invariant(
      'rat-1',
      'Numerator and denominator SHALL both be present, or both are absent. If both are absent, there SHALL be some extension present',
      (value) => has(value, 'numerator') === has(value, 'denominator') && has(value, 'numerator', 'extension'),
    ),
  ],
  ContactPoint: [
    invariant('cpt-2', 'A system is required if a value is provided.', (value) => implies(has(value, 'value'), has(value, 'system'))),
  ],
  Attachment: [
    invariant('att-1', 'If the Attachment has data, it SHALL have a contentType', (value) =>
      implies(has(value, 'data'), has(value, 'contentType')),
    ),
  ],
  'Timing.repeat': [
    invariant('tim-1', "if there's a duration, there needs to be duration units", (value) =>
      implies(has(value, 'duration'), has(value, 'durationUnit')),
    ),
    invariant('tim-2', "if there's a period, there needs to be period units", (value) =>
      implies(has(value, 'period'), has(value, 'periodUnit')),
    ),
    invariant('tim-4', 'duration SHALL be a non-negative value', ({ duration }) => notNegative(duration)),
    invariant('tim-5', 'period SHALL be a non-negative value', ({ period }) => notNegative(period)),
    invariant('tim-6', "If there's a periodMax, there must be a period", (value) => implies(has(value, 'periodMax'), has(value, 'period'))),
    invariant('tim-7', "If there's a durationMax, there must be a duration", (value) =>
      implies(has(value, 'durationMax'), has(value, 'duration')),
    ),
    invariant('tim-8', "If there's a countMax, there must be a count", (value) => implies(has(value, 'countMax'), has(value, 'count'))),
    invariant(
      'tim-10',
      "If there's a timeOfDay, there cannot be a when, or vice versa",
      (value) => !(has(value, 'timeOfDay') && has(value, 'when')),
    ),
  ],
  AllergyIntolerance: [
    invariant(
      'ait-1',
      'AllergyIntolerance.clinicalStatus SHALL be present if verificationStatus is not entered-in-error.',
      (value) => isCoded(value.verificationStatus, ['entered-in-error']) || has(value, 'clinicalStatus'),
    ),
    invariant('ait-2', 'AllergyIntolerance.clinicalStatus SHALL NOT be present if verification Status is entered-in-error', (value) =>
      implies(isCoded(value.verificationStatus, ['entered-in-error']), !has(value, 'clinicalStatus')),
    ),
  ],
  Appointment: [
    invariant('app-2', 'Either start and end are specified, or neither', (value) => has(value, 'start') === has(value, 'end')),
    invariant(
      'app-3',
      'Only proposed or cancelled appointments can be missing start/end dates',
      (value) => (has(value, 'start') && has(value, 'end')) || isOneOf(value.status, 'proposed', 'cancelled', 'waitlist'),
    ),
    invariant('app-4', 'Cancelation reason is only used for appointments that have been cancelled, or no-show', (value) =>
      implies(has(value, 'cancelationReason'), isOneOf(value.status, 'noshow', 'cancelled')),
    ),
  ],
  'Appointment.participant': [
    invariant('app-1', 'Either the type or actor on the participant SHALL be specified', (value) => has(value, 'type', 'actor')),
  ],
  'Bundle.entry': [
    invariant('bdl-5', "must be a resource unless there's a request or response", (value) => has(value, 'resource', 'request', 'response')),
    invariant(
      'bdl-8',
      'fullUrl cannot be a version specific reference',
      ({ fullUrl }) => typeof fullUrl !== 'string' || !fullUrl.includes('/_history/'),
    ),
  ],
  'CarePlan.activity': [
    invariant('cpl-3', 'Provide a reference or detail, not both', (value) => !(has(value, 'reference') && has(value, 'detail'))),
  ],
  'Composition.section': [
    invariant('cmp-1', 'A section must contain at least one of text, entries, or sub-sections', (value) =>
      has(value, 'text', 'entry', 'section'),
    ),
    invariant(
      'cmp-2',
      'A section can only have an emptyReason if it is empty',
      (value) => !(has(value, 'emptyReason') && has(value, 'entry')),
    ),
  ],
  Condition: [
    invariant('con-4', 'If condition is abated, then clinicalStatus must be either inactive, resolved, or remission', (value) =>
      implies(hasChoice(value, 'abatement'), isCoded(value.clinicalStatus, ['resolved', 'remission', 'inactive'])),
    ),
    invariant('con-5', 'Condition.clinicalStatus SHALL NOT be present if verification Status is entered-in-error', (value) =>
      implies(isCoded(value.verificationStatus, ['entered-in-error']), !has(value, 'clinicalStatus')),
    ),
  ],
  'Condition.stage': [invariant('con-1', 'Stage SHALL have summary or assessment', (value) => has(value, 'summary', 'assessment'))],
  'Condition.evidence': [invariant('con-2', 'evidence SHALL have code or details', (value) => has(value, 'code', 'detail'))],
  'Goal.target': [
    invariant('gol-1', 'Goal.target.measure is required if Goal.target.detail is populated', (value) =>
      implies(hasChoice(value, 'detail'), has(value, 'measure')),
    ),
  ],
  Group: [
    invariant('grp-1', 'Can only have members if group is "actual"', (value) => implies(has(value, 'member'), value.actual === true)),
  ],
  'Immunization.education': [
    invariant('imm-1', 'One of documentType or reference SHALL be present', (value) => has(value, 'documentType', 'reference')),
  ],
  List: [
    invariant(
      'lst-1',
      'A list can only have an emptyReason if it is empty',
      (value) => !(has(value, 'emptyReason') && has(value, 'entry')),
    ),
    invariant('lst-2', 'The deleted flag can only be used if the mode of the list is "changes"', (value) =>
      implies(
        items(value.entry).some((entry) => has(entry, 'deleted')),
        value.mode === 'changes',
      ),
    ),
    invariant('lst-3', 'An entry date can only be used if the mode of the list is "working"', (value) =>
      implies(
        items(value.entry).some((entry) => has(entry, 'date')),
        value.mode === 'working',
      ),
    ),
  ],
  Observation: [
    invariant('obs-6', 'dataAbsentReason SHALL only be present if Observation.value[x] is not present', (value) =>
      implies(has(value, 'dataAbsentReason'), !hasChoice(value, 'value')),
    ),
  ],
  'Observation.referenceRange': [
    invariant('obs-3', 'Must have at least a low or a high or text', (value) => has(value, 'low', 'high', 'text')),
  ],
  Organization: [
    invariant('org-1', 'The organization SHALL at least have a name or an identifier, and possibly more than one', (value) =>
      has(value, 'name', 'identifier'),
    ),
  ],
  'Parameters.parameter': [
    invariant(
      'inv-1',
      'A parameter must have one and only one of (value, resource, part)',
      (value) => [hasChoice(value, 'value'), has(value, 'resource'), has(value, 'part')].filter(Boolean).length === 1,
    ),
  ],
  'Patient.contact': [
    invariant('pat-1', "SHALL at least contain a contact's details or a reference to an organization", (value) =>
      has(value, 'name', 'telecom', 'address', 'organization'),
    ),
  ],
  'QuestionnaireResponse.item': [
    invariant('qrs-1', "Nested item can't be beneath both item and answer", (value) => !(has(value, 'answer') && has(value, 'item'))),
  ],
};
