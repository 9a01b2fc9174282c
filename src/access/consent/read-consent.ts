/**
 * Reads a Consent as a rule. What this server can't enforce is a problem: an active privacy Consent with one is refused when
 * it is written, and of one that is there already a denial holds as if the condition were not there, a permission not at all.
 *
 * @see https://hl7.org/fhir/R4/consent-definitions.html
 */
import { timeRange } from '../../model/instant.ts';
import type { ResourceVersion } from '../../model/resource.ts';
import { referenceText } from '../../search/parameters/reference-text.ts';
import { localKey } from '../admission.ts';
import type { ScopeLetter } from '../scopes.ts';
import type { Authors } from './authors.ts';
import type { Actor, ConsentRule, DataMeaning, Decision, Label, NamedData, Provision, Time } from './rule.ts';

interface ConsentProblem {
  /** "Consent.provision.actor[0]" */
  readonly element: string;
  readonly diagnostics: string;
}

export interface ConsentRules {
  /** The server's base URL: references below it are local. */
  readonly baseUrl: string;
  readonly isResourceType: (type: string) => boolean;
  /**
   * Elements that may name an author of this type, of which no search parameter tells: with them a Consent is judged that is about
   * to be written. One that is there is heeded without: see `about-data`.
   */
  readonly untoldAuthors?: Authors['untold'];
}

interface ReadConsent {
  /** Undefined if the Consent restricts nobody: not active, not about privacy, or not a patient's of this server. */
  readonly rule?: ConsentRule;
  readonly problems: readonly ConsentProblem[];
}

export const CONSENT_SCOPES = 'http://terminology.hl7.org/CodeSystem/consentscope';
export const PRIVACY = 'patient-privacy';

const ACT_REASONS = 'http://terminology.hl7.org/CodeSystem/v3-ActReason';
const ACTIONS: Readonly<Record<string, readonly ScopeLetter[]>> = {
  access: ['r', 's'],
  use: ['r', 's'],
  disclose: ['r', 's'],
  collect: ['c'],
  correct: ['u', 'd'],
};
/** Of whoever gets the data. Other roles (author, custodian, …) are about where data comes from. */
const RECIPIENTS = new Set(['IRCP', 'PRCP', 'GRANTEE', 'DELEGATEE', 'AGNT', 'CAREGIVER']);
const ACTOR_TYPES = new Set(['Practitioner', 'PractitionerRole', 'Organization', 'CareTeam', 'Group', 'Patient', 'RelatedPerson']);
const ROOT_DECISIONS: Readonly<Record<string, Decision>> = {
  OPTIN: 'permit',
  OPTINR: 'permit',
  OPTOUT: 'deny',
  OPTOUTE: 'deny',
  EMRGONLY: 'deny',
};
/** Codes, or instances, of one provision: they are part of every search that it restricts. */
const MOST_NAMED = 100;
const RESOURCE_TYPES = 'http://hl7.org/fhir/resource-types';
const BASE_DEFINITION = 'http://hl7.org/fhir/StructureDefinition/';

interface Coding {
  readonly system?: string;
  readonly code?: string;
}
interface CodeableConcept {
  readonly coding?: readonly Coding[];
}
interface Reference {
  readonly reference?: string;
  readonly identifier?: { readonly system?: string; readonly value?: string };
}
interface ProvisionElement {
  readonly type?: string;
  readonly period?: { readonly start?: string; readonly end?: string };
  readonly actor?: readonly { readonly role?: CodeableConcept; readonly reference?: Reference }[];
  readonly action?: readonly CodeableConcept[];
  readonly securityLabel?: readonly Coding[];
  readonly purpose?: readonly Coding[];
  readonly class?: readonly Coding[];
  readonly code?: readonly CodeableConcept[];
  readonly dataPeriod?: { readonly start?: string; readonly end?: string };
  readonly data?: readonly { readonly meaning?: string; readonly reference?: Reference }[];
  readonly provision?: readonly ProvisionElement[];
}
interface ConsentElement {
  readonly status?: string;
  readonly scope?: CodeableConcept;
  readonly patient?: Reference;
  readonly dateTime?: string;
  readonly policyRule?: CodeableConcept;
  readonly provision?: ProvisionElement;
}

const codesOf = (concept: CodeableConcept | undefined) => (concept?.coding ?? []).map(({ code = '' }) => code);

/** True for a Consent about privacy, whatever its status. */
const isPrivacyConsent = ({ scope }: ConsentElement): boolean =>
  (scope?.coding ?? []).some(({ system, code }) => code === PRIVACY && (system === undefined || system === CONSENT_SCOPES));

export function readConsent(version: Pick<ResourceVersion, 'id' | 'version' | 'at'>, tree: object, rules: ConsentRules): ReadConsent {
  const consent = tree as ConsentElement;
  if (consent.status !== 'active' || !isPrivacyConsent(consent)) return { problems: [] };
  const patient = localKey(consent.patient?.reference, rules.baseUrl);
  if (patient?.type !== 'Patient') {
    const diagnostics = 'an active privacy consent is that of a Patient of this server, by a literal reference';
    return { problems: [{ element: 'Consent.patient', diagnostics }] };
  }
  const problems: ConsentProblem[] = [];
  const { provision = {}, policyRule, dateTime } = consent;
  const byPolicy = codesOf(policyRule)
    .map((code) => ROOT_DECISIONS[code])
    .find(Boolean);
  const reader: Reader = { ...rules, problems };
  const root = readProvision(provision, 'Consent.provision', decisionOf(provision.type) ?? byPolicy, reader);
  const stated = dateTime === undefined ? undefined : timeRange(dateTime)?.lo;
  return {
    problems,
    rule: {
      id: version.id,
      version: version.version,
      patient: `Patient/${patient.id}`,
      at: Math.min(stated ?? version.at, version.at),
      updated: version.at,
      root,
    },
  };
}

interface Reader extends ConsentRules {
  readonly problems: ConsentProblem[];
  /** The classes that the provision around it is limited to. */
  readonly types?: readonly string[];
}

const decisionOf = (type: string | undefined): Decision | undefined => (type === 'permit' || type === 'deny' ? type : undefined);

function readProvision(element: ProvisionElement, place: string, decision: Decision | undefined, reader: Reader): Provision {
  const before = reader.problems.length;
  const conditions = readConditions(element, place, reader);
  const isUnderstood = reader.problems.length === before;
  const nested = (element.provision ?? []).map((each, index) => {
    const inner = `${place}.provision[${index}]`;
    if (decisionOf(each.type) === undefined)
      reader.problems.push({ element: `${inner}.type`, diagnostics: 'a nested provision permits or denies' });
    return readProvision(each, inner, decisionOf(each.type), { ...reader, ...(conditions.types && { types: conditions.types }) });
  });
  if (isUnderstood) return { ...(decision && { decision }), ...conditions, nested };
  // Not understood: what it denies stays denied, what it permits is not permitted by it.
  return { ...(decision === 'deny' && { decision }), nested: nested.map(withoutPermits) };
}

const withoutPermits = ({ decision, nested, ...conditions }: Provision): Provision => ({
  ...conditions,
  ...(decision === 'deny' && { decision }),
  nested: nested.map(withoutPermits),
});

function readConditions(element: ProvisionElement, place: string, reader: Reader): Omit<Provision, 'decision' | 'nested'> {
  const { period, actor, action, securityLabel, purpose, class: classes, code, dataPeriod, data } = element;
  const types = classes?.length ? classes.map((each, index) => typeOf(each, `${place}.class[${index}]`, reader)) : undefined;
  const within = { ...reader, ...(types && { types }) };
  for (const name of ['code', 'data'] as const)
    if ((element[name]?.length ?? 0) > MOST_NAMED)
      reader.problems.push({ element: `${place}.${name}`, diagnostics: `at most ${MOST_NAMED} of one provision are enforced` });
  return {
    ...(period && { period: periodOf(period) }),
    ...(actor?.length && { actors: actor.map((each, index) => actorOf(each, `${place}.actor[${index}]`, reader)) }),
    ...(action?.length && { letters: action.flatMap((each, index) => lettersOf(each, `${place}.action[${index}]`, reader)) }),
    ...(securityLabel?.length && { labels: securityLabel.map((each, index) => labelOf(each, `${place}.securityLabel[${index}]`, reader)) }),
    ...(purpose?.length && { purposes: purpose.map((each, index) => purposeOf(each, `${place}.purpose[${index}]`, reader)) }),
    ...(code?.length && { codes: code.flatMap((each, index) => dataCodesOf(each, `${place}.code[${index}]`, reader)) }),
    ...(dataPeriod && { dataTime: dataTimeOf(dataPeriod, `${place}.dataPeriod`, reader) }),
    ...(data?.length && { data: data.flatMap((each, index) => namedOf(each, `${place}.data[${index}]`, within)) }),
    ...(types && { types }),
  };
}

/** Partial dates mean all of their time. */
function periodOf({ start, end }: { readonly start?: string; readonly end?: string }): Time {
  return {
    from: (start && timeRange(start)?.lo) || Number.NEGATIVE_INFINITY,
    until: (end && timeRange(end)?.hi) || Number.POSITIVE_INFINITY,
  };
}

function actorOf({ role, reference }: NonNullable<ProvisionElement['actor']>[number], place: string, reader: Reader): Actor {
  const refuse = (diagnostics: string): Actor => {
    reader.problems.push({ element: place, diagnostics });
    return {};
  };
  if (!codesOf(role).some((code) => RECIPIENTS.has(code)))
    return refuse(`the role must be one of who receives data: ${[...RECIPIENTS].join(', ')}`);
  if (reference?.reference === undefined) {
    const { system, value } = reference?.identifier ?? {};
    return value
      ? { identifier: { value, ...(system && { system }) } }
      : refuse('an actor is named by a literal reference or an identifier');
  }
  const { text, type = '' } = referenceText(reference.reference, reader.baseUrl);
  if (!ACTOR_TYPES.has(type)) return refuse(`an actor is one of ${[...ACTOR_TYPES].join(', ')}; of apps, the identifier is the client_id`);
  return { reference: text };
}

function lettersOf(action: CodeableConcept, place: string, reader: Reader): readonly ScopeLetter[] {
  const letters = codesOf(action).flatMap((code) => ACTIONS[code] ?? []);
  if (letters.length === 0) reader.problems.push({ element: place, diagnostics: `an action is one of ${Object.keys(ACTIONS).join(', ')}` });
  return letters;
}

function labelOf({ system, code }: Coding, place: string, reader: Reader): Label {
  if (!system || !code) reader.problems.push({ element: place, diagnostics: 'a label has a system and a code' });
  return { system: system ?? '', code: code ?? '' };
}

/** Codings of one concept are names for the same. */
function dataCodesOf({ coding = [] }: CodeableConcept, place: string, reader: Reader): readonly Label[] {
  if (coding.length === 0 || coding.some(({ system, code }) => !system || !code))
    reader.problems.push({ element: place, diagnostics: 'what data are is told by codings, each with a system and a code' });
  return coding.map(({ system = '', code = '' }) => ({ system, code }));
}

function dataTimeOf(period: { readonly start?: string; readonly end?: string }, place: string, reader: Reader): Time {
  const time = periodOf(period);
  if (!Number.isFinite(time.from) && !Number.isFinite(time.until))
    reader.problems.push({ element: place, diagnostics: 'the time of the data has a start, an end or both' });
  return time;
}

function namedOf(
  { meaning = '', reference }: NonNullable<ProvisionElement['data']>[number],
  place: string,
  reader: Reader,
): readonly NamedData[] {
  const refuse = (element: string, diagnostics: string) => {
    reader.problems.push({ element: `${place}.${element}`, diagnostics });
    return [];
  };
  if (!isMeaning(meaning)) return refuse('meaning', `a meaning is one of ${MEANINGS.join(', ')}`);
  const key = localKey(reference?.reference, reader.baseUrl);
  if (!key || !reader.isResourceType(key.type))
    return refuse('reference', 'data are named by a literal reference to a resource of this server');
  const untold = meaning === 'authoredby' ? (reader.untoldAuthors?.(key.type, reader.types) ?? []) : [];
  if (untold.length > 0)
    return refuse(
      'meaning',
      `no search parameter tells who authored some types, by ${untold.join(', ')}: name others by class, or post a SearchParameter for each of these elements first`,
    );
  return [{ ...key, meaning }];
}

const MEANINGS: readonly DataMeaning[] = ['instance', 'dependents', 'related', 'authoredby'];
const isMeaning = (code: string): code is DataMeaning => (MEANINGS as readonly string[]).includes(code);

function purposeOf({ system, code }: Coding, place: string, reader: Reader): string {
  if (!code || system !== ACT_REASONS) reader.problems.push({ element: place, diagnostics: `a purpose is a code of ${ACT_REASONS}` });
  return code ?? '';
}

function typeOf({ system, code = '' }: Coding, place: string, reader: Reader): string {
  const type = code.startsWith(BASE_DEFINITION) ? code.slice(BASE_DEFINITION.length) : system === RESOURCE_TYPES ? code : '';
  if (!reader.isResourceType(type))
    reader.problems.push({ element: place, diagnostics: `a class is a resource type: system ${RESOURCE_TYPES}, code such as Observation` });
  return type;
}
