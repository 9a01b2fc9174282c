/** The discharge summary: a Composition with sections, and the letter itself as a DocumentReference. */
import type { Composition, DocumentReference, Encounter } from '@medplum/fhirtypes';
import type { Diagnosis } from '../catalogue/diagnoses.ts';
import { concept, identifier, LOINC } from '../coding.ts';
import { type Doctor, departmentName, doctorName } from '../directory.ts';
import type { Named } from '../draft.ts';
import { organizationReference, practitionerReference, type Scene } from '../scene.ts';
import { dateTime, day, instant } from '../times.ts';
import { addAttachedFile } from './attachment.ts';

const SUMMARY = { code: '18842-5', display: 'Discharge summary' };

interface Discharge {
  readonly from: number;
  readonly to: number;
  readonly diagnosis: Diagnosis;
  readonly doctor: Doctor;
  readonly encounter: Named<Encounter>;
}

export function addDischargeSummary(scene: Scene, discharge: Discharge): void {
  const { draft } = scene;
  const { doctor, encounter, to } = discharge;
  const sections = sectionsOf(discharge);
  draft.add<Composition>({
    resourceType: 'Composition',
    identifier: identifier('summary', `${scene.key}-${scene.nextNumber()}`),
    status: 'final',
    type: concept(LOINC, SUMMARY),
    subject: scene.patient,
    encounter,
    date: dateTime(to),
    author: [practitionerReference(doctor)],
    title: SUMMARY.display,
    custodian: organizationReference(doctor.site),
    section: sections.map(({ title, text }) => ({ title, text: { status: 'generated', div: paragraph(text) } })),
  });
  const letter = [
    `${doctor.site.name}, ${departmentName(doctor.specialty)}`,
    '',
    ...sections.map(({ title, text }) => `${title}: ${text}`),
  ];
  draft.add<DocumentReference>({
    resourceType: 'DocumentReference',
    identifier: [identifier('document', `${scene.key}-${scene.nextNumber()}`)],
    status: 'current',
    docStatus: 'final',
    type: concept(LOINC, SUMMARY),
    subject: scene.patient,
    date: instant(to),
    author: [practitionerReference(doctor)],
    description: SUMMARY.display,
    content: [
      {
        attachment: {
          contentType: 'text/plain; charset=utf-8',
          language: 'en',
          data: Buffer.from(letter.join('\n')).toString('base64'),
          title: `${SUMMARY.display} of ${day(to)}`,
          creation: dateTime(to),
        },
      },
      addAttachedFile(scene, letter),
    ],
    context: { encounter: [encounter], period: { start: dateTime(discharge.from), end: dateTime(to) } },
  });
}

function sectionsOf({ from, to, diagnosis, doctor }: Discharge): readonly { title: string; text: string }[] {
  const stay = `Admitted on ${day(from)} to the ${departmentName(doctor.specialty)}, discharged on ${day(to)}.`;
  return [
    { title: 'Stay', text: stay },
    { title: 'Diagnosis', text: `${diagnosis.display} (${diagnosis.icd10}).` },
    { title: 'Recommendation', text: diagnosis.advice },
    { title: 'Signed', text: doctorName(doctor) },
  ];
}

const escapeText = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const paragraph = (text: string) => `<div xmlns="http://www.w3.org/1999/xhtml"><p>${escapeText(text)}</p></div>`;
