/** A test: what was asked for (ServiceRequest), what was found (Observation), what it means and what to do (DiagnosticReport). */
import type { Condition, DiagnosticReport, Encounter, ServiceRequest } from '@medplum/fhirtypes';
import { PANELS, type PanelName } from '../catalogue/tests.ts';
import { concept, hl7, identifier, LOINC, plain } from '../coding.ts';
import type { Doctor } from '../directory.ts';
import type { Named } from '../draft.ts';
import { organizationReference, practitionerReference, type Scene } from '../scene.ts';
import { DAY, dateTime, HOUR, instant } from '../times.ts';
import { addResult } from './measurements.ts';

interface TestOrder {
  readonly panel: PanelName;
  readonly at: number;
  readonly encounter: Named<Encounter>;
  readonly reason: Named<Condition>;
  readonly doctor: Doctor;
  /** The recommendation if a value is outside its range. */
  readonly advice: string;
}

export function addTest(scene: Scene, order: TestOrder): void {
  const panel = PANELS[order.panel];
  const request = addRequest(scene, order);
  const moment = { at: order.at + HOUR, encounter: order.encounter };
  const results = panel.analytes.map((analyte) => addResult(scene, moment, analyte));
  const abnormal = results.filter((result) => result.abnormal).length;
  scene.draft.add<DiagnosticReport>({
    resourceType: 'DiagnosticReport',
    identifier: [identifier('report', `${scene.key}-${scene.nextNumber()}`)],
    basedOn: [request],
    status: 'final',
    category: [plain(hl7('v2-0074'), 'LAB')],
    code: concept(LOINC, panel),
    subject: scene.patient,
    encounter: order.encounter,
    effectiveDateTime: dateTime(moment.at),
    issued: instant(order.at + DAY),
    performer: [organizationReference(order.doctor.site)],
    resultsInterpreter: [practitionerReference(order.doctor)],
    result: results.map(({ result }) => result),
    conclusion:
      abnormal > 0
        ? `${abnormal} of ${results.length} values outside their range. Recommendation: ${order.advice}`
        : 'All values within their range. Recommendation: repeat in a year.',
  });
}

function addRequest(scene: Scene, order: TestOrder): Named<ServiceRequest> {
  return scene.draft.add<ServiceRequest>({
    resourceType: 'ServiceRequest',
    identifier: [identifier('order', `${scene.key}-${scene.nextNumber()}`)],
    status: 'completed',
    intent: 'order',
    priority: 'routine',
    code: concept(LOINC, PANELS[order.panel]),
    subject: scene.patient,
    encounter: order.encounter,
    authoredOn: dateTime(order.at),
    requester: practitionerReference(order.doctor),
    reasonReference: [order.reason],
  });
}
