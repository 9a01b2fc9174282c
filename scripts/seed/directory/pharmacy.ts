/** The medications of a seed, each with its manufacturer, and the insurers. */
import type { Medication, Organization } from '@medplum/fhirtypes';
import { DRUG_NAMES, DRUGS, type DrugName, MANUFACTURERS } from '../catalogue/medications.ts';
import { ATC, concept, conditional, criteria, hl7, identifier, plain, quantity, SNOMED } from '../coding.ts';
import { type Directory, type Insurer, keyOf } from '../directory.ts';
import type { Draft, Named } from '../draft.ts';
import { REFERENCE_TIME } from '../random.ts';
import { DAY, day } from '../times.ts';

export function addMedications(draft: Draft, directory: Directory): void {
  const makers = MANUFACTURERS.map((name, n) => addOrganization(draft, 'manufacturer', keyOf(directory.seed, `maker-${n}`), name, 'bus'));
  DRUG_NAMES.forEach((name, n) => {
    const manufacturer = makers[n % makers.length];
    if (manufacturer) addMedication(draft, directory, name, manufacturer);
  });
}

function addMedication(draft: Draft, directory: Directory, name: DrugName, manufacturer: Named<Organization>): void {
  const drug = DRUGS[name];
  const key = keyOf(directory.seed, name);
  draft.add<Medication>(
    {
      resourceType: 'Medication',
      identifier: [identifier('medication', key)],
      code: concept(ATC, drug),
      status: 'active',
      manufacturer,
      form: concept(SNOMED, drug.form),
      ingredient: [
        {
          itemCodeableConcept: { text: drug.display },
          isActive: true,
          strength: { numerator: quantity(drug.strength.value, drug.strength.unit), denominator: { value: 1 } },
        },
      ],
      batch: { lotNumber: `LOT-${key}`, expirationDate: day(REFERENCE_TIME + 2 * 365 * DAY) },
    },
    { ifNoneExist: criteria('medication', key) },
  );
}

export function addInsurer(draft: Draft, insurer: Insurer): void {
  addOrganization(draft, 'insurer', insurer.key, insurer.name, 'ins');
}

function addOrganization(draft: Draft, kind: string, key: string, name: string, type: string): Named<Organization> {
  const organization: Organization = {
    resourceType: 'Organization',
    identifier: [identifier(kind, key)],
    active: true,
    type: [plain(hl7('organization-type'), type)],
    name,
  };
  return draft.add(organization, { ifNoneExist: criteria(kind, key), display: name });
}

/** How a patient's Bundle refers to a medication. */
export const medicationReference = (directory: Directory, name: DrugName): Named<Medication> =>
  conditional('Medication', 'medication', keyOf(directory.seed, name), DRUGS[name].display);
