/** The symptom journal that patients keep between visits: QuestionnaireResponses and one Observation for each entry. */
import type { QuestionnaireResponse } from '@medplum/fhirtypes';
import { type Diagnosis, SYMPTOMS } from '../catalogue/diagnoses.ts';
import { identifier } from '../coding.ts';
import type { Scene } from '../scene.ts';
import { DAY, dateTime } from '../times.ts';
import { addSymptom } from './measurements.ts';

const NOTES = [
  'Slept badly.',
  'Better after the tablet.',
  'Worse in the evening.',
  'Could go to work.',
  'No change.',
  'After climbing stairs.',
];

/** A few daily entries after `from`; nothing if the diagnosis has no symptoms. */
export function addJournal(scene: Scene, diagnosis: Diagnosis, from: number): void {
  const { random } = scene;
  if (diagnosis.symptoms.length === 0) return;
  const entries = random.number.int({ min: 2, max: 4 });
  for (let n = 1; n <= entries; n++) {
    const at = from + n * DAY;
    const symptom = SYMPTOMS[random.helpers.arrayElement(diagnosis.symptoms)];
    const severity = random.number.int({ min: 0, max: 10 });
    addSymptom(scene, { at }, symptom, severity);
    scene.draft.add<QuestionnaireResponse>({
      resourceType: 'QuestionnaireResponse',
      identifier: identifier('journal', `${scene.key}-${scene.nextNumber()}`),
      status: 'completed',
      subject: scene.patient,
      authored: dateTime(at),
      author: scene.patient,
      source: scene.patient,
      item: [
        { linkId: 'symptom', text: 'What did you feel?', answer: [{ valueString: symptom.display }] },
        { linkId: 'severity', text: 'How strong, from 0 to 10?', answer: [{ valueInteger: severity }] },
        { linkId: 'note', text: 'Anything else?', answer: [{ valueString: random.helpers.arrayElement(NOTES) }] },
      ],
    });
  }
}
