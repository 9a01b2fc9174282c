/** Allergies and intolerances, with the reactions that they show. */
import type { AllergyIntolerance } from '@medplum/fhirtypes';
import type { Term } from '../coding.ts';

interface Allergy extends Term {
  readonly type: NonNullable<AllergyIntolerance['type']>;
  readonly category: NonNullable<AllergyIntolerance['category']>[number];
  readonly reaction: Term;
}

const HIVES = { code: '126485001', display: 'Urticaria' };
const ANAPHYLAXIS = { code: '39579001', display: 'Anaphylaxis' };
const SNEEZING = { code: '76067001', display: 'Sneezing' };
const DIARRHOEA = { code: '62315008', display: 'Diarrhea' };

export const ALLERGIES: readonly Allergy[] = [
  { code: '91936005', display: 'Allergy to penicillin', type: 'allergy', category: 'medication', reaction: HIVES },
  { code: '293586001', display: 'Allergy to aspirin', type: 'allergy', category: 'medication', reaction: HIVES },
  { code: '91935009', display: 'Allergy to peanut', type: 'allergy', category: 'food', reaction: ANAPHYLAXIS },
  { code: '91930004', display: 'Allergy to egg', type: 'allergy', category: 'food', reaction: HIVES },
  { code: '300913006', display: 'Allergy to shellfish', type: 'allergy', category: 'food', reaction: ANAPHYLAXIS },
  { code: '782415009', display: 'Intolerance to lactose', type: 'intolerance', category: 'food', reaction: DIARRHOEA },
  { code: '418689008', display: 'Allergy to grass pollen', type: 'allergy', category: 'environment', reaction: SNEEZING },
  { code: '232347008', display: 'Allergy to dander (animal)', type: 'allergy', category: 'environment', reaction: SNEEZING },
];
