/** A prescription (MedicationRequest) and that the patient takes it (MedicationStatement). */
import type { Condition, Encounter, MedicationRequest, MedicationStatement } from '@medplum/fhirtypes';
import { DRUGS, type DrugName } from '../catalogue/medications.ts';
import { identifier, quantity } from '../coding.ts';
import { medicationReference } from '../directory/pharmacy.ts';
import type { Doctor } from '../directory.ts';
import type { Named } from '../draft.ts';
import { practitionerReference, type Scene } from '../scene.ts';
import { DAY, dateTime } from '../times.ts';

interface Prescription {
  readonly drug: DrugName;
  readonly at: number;
  readonly days: number;
  /** Still taken at the reference time. */
  readonly ongoing: boolean;
  readonly encounter: Named<Encounter>;
  readonly reason: Named<Condition>;
  readonly doctor: Doctor;
}

export function addPrescription(scene: Scene, prescription: Prescription): void {
  const { drug, at, days, ongoing, reason } = prescription;
  const request = addRequest(scene, prescription);
  scene.draft.add<MedicationStatement>({
    resourceType: 'MedicationStatement',
    basedOn: [request],
    status: ongoing ? 'active' : 'completed',
    medicationReference: medicationReference(scene.directory, drug),
    subject: scene.patient,
    effectivePeriod: { start: dateTime(at), ...(!ongoing && { end: dateTime(at + days * DAY) }) },
    dateAsserted: dateTime(at),
    informationSource: scene.patient,
    reasonReference: [reason],
    dosage: dosageOf(drug),
  });
}

function addRequest(scene: Scene, { drug, at, days, ongoing, encounter, reason, doctor }: Prescription): Named<MedicationRequest> {
  const { strength, perDay } = DRUGS[drug];
  return scene.draft.add<MedicationRequest>({
    resourceType: 'MedicationRequest',
    identifier: [identifier('prescription', `${scene.key}-${scene.nextNumber()}`)],
    status: ongoing ? 'active' : 'completed',
    intent: 'order',
    medicationReference: medicationReference(scene.directory, drug),
    subject: scene.patient,
    encounter,
    authoredOn: dateTime(at),
    requester: practitionerReference(doctor),
    reasonReference: [reason],
    dosageInstruction: dosageOf(drug),
    dispenseRequest: {
      numberOfRepeatsAllowed: ongoing ? 3 : 0,
      quantity: quantity(Number((perDay * days * strength.value).toFixed(2)), strength.unit),
      expectedSupplyDuration: quantity(days, 'days', 'd'),
    },
  });
}

function dosageOf(drug: DrugName): MedicationRequest['dosageInstruction'] {
  const { strength, perDay } = DRUGS[drug];
  return [
    {
      text: `${strength.value} ${strength.unit}, ${perDay === 1 ? 'once' : `${perDay} times`} a day`,
      timing: { repeat: { frequency: perDay, period: 1, periodUnit: 'd' } },
      doseAndRate: [{ doseQuantity: quantity(strength.value, strength.unit) }],
    },
  ];
}
