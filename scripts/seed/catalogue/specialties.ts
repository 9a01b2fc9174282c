/** Medical specialties (SNOMED CT), each also a department of every seeded hospital. */
import type { Term } from '../coding.ts';

export const SPECIALTIES = {
  general: { code: '394814009', display: 'General practice' },
  cardiology: { code: '394579002', display: 'Cardiology' },
  diabetes: { code: '394583002', display: 'Endocrinology' },
  gastroenterology: { code: '394584008', display: 'Gastroenterology' },
  neurology: { code: '394591006', display: 'Neurology' },
  pulmonary: { code: '418112009', display: 'Pulmonary medicine' },
  orthopaedics: { code: '394801008', display: 'Trauma and orthopaedics' },
  psychiatry: { code: '394587001', display: 'Psychiatry' },
  surgery: { code: '394609007', display: 'General surgery' },
  rheumatology: { code: '394810000', display: 'Rheumatology' },
  urology: { code: '394612005', display: 'Urology' },
} as const satisfies Record<string, Term>;

export type Specialty = keyof typeof SPECIALTIES;
export const SPECIALTY_NAMES = Object.keys(SPECIALTIES) as readonly Specialty[];
