/**
 * Whom data are authored by: the elements that say so, and the search parameters over them.
 *
 * The elements are those that R4 maps to `FiveWs.author`, or calls author or recorder; where a type has none of these, who
 * performed or reported. Whoever performed, asserted or reported beside an author may be an author too. The reference must
 * name the author: a role of a practitioner, or an identifier, is not looked up.
 *
 * @see https://hl7.org/fhir/R4/fivews.html
 * @see https://hl7.org/fhir/R4/valueset-consent-data-meaning.html
 */
import type { Definitions } from '../../definitions/definitions.ts';
import type { ResourceKey } from '../../model/resource.ts';
import { EVERYTHING, NOTHING, type SearchExpression } from '../../search/expression/expression.ts';
import { parameterKey, valueEntry } from '../../search/parameters/entry-text.ts';
import type { ValuePath } from '../../search/parameters/path.ts';
import type { SearchParameter, SearchRegistry } from '../../search/parameters/registry.ts';
import type { Extent } from './about-data.ts';

interface AuthorElements {
  readonly authors: readonly string[];
  /** Elements of who may have authored it as well. */
  readonly perhaps?: readonly string[];
}

/** Types that may be in a patient's record. */
export const AUTHOR_ELEMENTS: Readonly<Record<string, AuthorElements>> = {
  AdverseEvent: { authors: ['recorder'] },
  AllergyIntolerance: { authors: ['recorder'], perhaps: ['asserter'] },
  Basic: { authors: ['author'] },
  CarePlan: { authors: ['author'] },
  ChargeItem: { authors: ['enterer'], perhaps: ['performer.actor'] },
  Claim: { authors: ['enterer'], perhaps: ['provider'] },
  ClaimResponse: { authors: ['requestor'] },
  ClinicalImpression: { authors: ['assessor'] },
  Communication: { authors: ['sender'] },
  CommunicationRequest: { authors: ['requester'] },
  Composition: { authors: ['author'] },
  Condition: { authors: ['recorder'], perhaps: ['asserter'] },
  Consent: { authors: ['performer'] },
  Contract: { authors: ['author', 'signer.party'] },
  Coverage: { authors: ['payor'] },
  CoverageEligibilityRequest: { authors: ['enterer'], perhaps: ['provider'] },
  CoverageEligibilityResponse: { authors: ['requestor'] },
  DetectedIssue: { authors: ['author'] },
  DeviceRequest: { authors: ['requester'] },
  DeviceUseStatement: { authors: ['source'] },
  DiagnosticReport: { authors: ['performer'], perhaps: ['resultsInterpreter'] },
  DocumentManifest: { authors: ['author'] },
  DocumentReference: { authors: ['author'] },
  ExplanationOfBenefit: { authors: ['enterer', 'insurer'], perhaps: ['provider'] },
  Flag: { authors: ['author'] },
  Goal: { authors: ['expressedBy'] },
  GuidanceResponse: { authors: ['performer'] },
  ImagingStudy: { authors: ['interpreter'] },
  Immunization: { authors: ['performer.actor'] },
  List: { authors: ['source'] },
  MeasureReport: { authors: ['reporter'] },
  Media: { authors: ['operator'] },
  MedicationAdministration: { authors: ['performer.actor'] },
  MedicationDispense: { authors: ['performer.actor'] },
  MedicationRequest: { authors: ['requester', 'recorder'] },
  MedicationStatement: { authors: ['informationSource'] },
  MolecularSequence: { authors: ['performer'] },
  NutritionOrder: { authors: ['orderer'] },
  Observation: { authors: ['performer'] },
  Procedure: { authors: ['recorder'], perhaps: ['asserter', 'performer.actor'] },
  QuestionnaireResponse: { authors: ['author'], perhaps: ['source'] },
  RequestGroup: { authors: ['author'] },
  RiskAssessment: { authors: ['performer'] },
  ServiceRequest: { authors: ['requester'] },
  SupplyRequest: { authors: ['requester'] },
  Task: { authors: ['requester'] },
  VisionPrescription: { authors: ['prescriber'] },
};

export interface Authors {
  /** Possibly: who is named as an author, or may be one; all of a type of which no parameter tells. Certainly: an author. */
  authoredBy(type: string, author: ResourceKey, extent: Extent): SearchExpression;
  /** Elements that may name an author of this type and that no parameter is over: "Condition.recorder". Of all types, or some. */
  untold(authorType: string, types?: readonly string[]): readonly string[];
}

export function createAuthors(registry: SearchRegistry, definitions: Pick<Definitions, 'types'>): Authors {
  const over = (type: string, element: string, author: string) =>
    registry.parametersOf(type).filter((each) => each.type === 'reference' && each.paths.some((path) => isOf(path, element, author)));
  const naming = (type: string, elements: readonly string[], author: string) =>
    elements.filter((element) => mayName(definitions, type, element, author));
  const untoldOf = (type: string, author: string) => {
    const { authors = [], perhaps = [] } = AUTHOR_ELEMENTS[type] ?? {};
    return naming(type, [...authors, ...perhaps], author).filter((element) => over(type, element, author).length === 0);
  };
  return {
    authoredBy(type, author, extent) {
      const { authors = [], perhaps = [] } = AUTHOR_ELEMENTS[type] ?? {};
      if (extent === 'certainly')
        return among(authors.flatMap((element) => over(type, element, author.type)).filter(only(authors)), author);
      if (untoldOf(type, author.type).length > 0) return EVERYTHING;
      return among(
        [...authors, ...perhaps].flatMap((element) => over(type, element, author.type)),
        author,
      );
    },
    untold: (author, types = Object.keys(AUTHOR_ELEMENTS)) =>
      types.flatMap((type) => untoldOf(type, author).map((element) => `${type}.${element}`)),
  };
}

const fieldsOf = ({ steps }: ValuePath) => steps.flatMap((step) => (step.kind === 'field' ? [step.name] : [])).join('.');

/** True for a path to all of the element's references, at least all of those to this type. */
const isOf = (path: ValuePath, element: string, author: string): boolean =>
  fieldsOf(path) === element &&
  path.steps.every((step) => (step.kind === 'field' && step.index === undefined) || (step.kind === 'references' && step.type === author));

/** Parameters over nothing but these elements. */
const only =
  (elements: readonly string[]) =>
  ({ paths }: SearchParameter): boolean =>
    paths.every((path) => elements.includes(fieldsOf(path)));

/** True if the element may refer to a resource of this type. */
function mayName({ types }: Pick<Definitions, 'types'>, type: string, element: string, author: string): boolean {
  const names = element.split('.');
  const holder = [type, ...names.slice(0, -1)].join('.');
  const targets = types.get(holder)?.elements.find(({ name }) => name === names.at(-1))?.targets;
  return targets === undefined || targets.includes(author);
}

function among(parameters: readonly SearchParameter[], { type, id }: ResourceKey): SearchExpression {
  const homes = parameters.flatMap(({ on, storedAs }) =>
    storedAs.flatMap(({ code, target }) => (target === undefined || target === type ? [parameterKey(on, code)] : [])),
  );
  const entries = homes.map((key) => valueEntry(key, `${type}/${id}`));
  return entries.length === 0 ? NOTHING : { kind: 'among', entries: [...new Set(entries)] };
}
