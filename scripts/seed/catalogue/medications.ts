/** Medications by ATC code, as a pharmacy lists them. */
import type { Term } from '../coding.ts';

interface Drug extends Term {
  readonly form: Term;
  /** Of one tablet, capsule or puff. */
  readonly strength: { readonly value: number; readonly unit: string };
  /** How often a day. */
  readonly perDay: number;
  /** Of one pack, in EUR. */
  readonly price: number;
}

const TABLET = { code: '385055001', display: 'Tablet' };
const CAPSULE = { code: '385049006', display: 'Capsule' };
const INHALER = { code: '420641004', display: 'Solution for inhalation' };

const drug = (code: string, display: string, form: Term, value: number, unit: string, perDay: number, price: number): Drug => ({
  code,
  display,
  form,
  strength: { value, unit },
  perDay,
  price,
});

export const DRUGS = {
  metformin: drug('A10BA02', 'Metformin', TABLET, 500, 'mg', 2, 8.4),
  lisinopril: drug('C09AA03', 'Lisinopril', TABLET, 10, 'mg', 1, 11.25),
  atorvastatin: drug('C10AA05', 'Atorvastatin', TABLET, 20, 'mg', 1, 14.9),
  amlodipine: drug('C08CA01', 'Amlodipine', TABLET, 5, 'mg', 1, 9.95),
  omeprazole: drug('A02BC01', 'Omeprazole', CAPSULE, 20, 'mg', 1, 12.3),
  levothyroxine: drug('H03AA01', 'Levothyroxine sodium', TABLET, 50, 'ug', 1, 7.15),
  sertraline: drug('N06AB06', 'Sertraline', TABLET, 50, 'mg', 1, 17.6),
  salbutamol: drug('R03AC02', 'Salbutamol', INHALER, 0.1, 'mg', 4, 10.05),
  amoxicillin: drug('J01CA04', 'Amoxicillin', CAPSULE, 500, 'mg', 3, 13.45),
  azithromycin: drug('J01FA10', 'Azithromycin', TABLET, 250, 'mg', 1, 19.8),
  ibuprofen: drug('M01AE01', 'Ibuprofen', TABLET, 400, 'mg', 3, 6.55),
  paracetamol: drug('N02BE01', 'Paracetamol', TABLET, 500, 'mg', 3, 3.95),
  sumatriptan: drug('N02CC01', 'Sumatriptan', TABLET, 50, 'mg', 1, 24.7),
  allopurinol: drug('M04AA01', 'Allopurinol', TABLET, 100, 'mg', 1, 8.85),
  furosemide: drug('C03CA01', 'Furosemide', TABLET, 40, 'mg', 1, 7.75),
  warfarin: drug('B01AA03', 'Warfarin', TABLET, 5, 'mg', 1, 10.6),
} as const satisfies Record<string, Drug>;

export type DrugName = keyof typeof DRUGS;
export const DRUG_NAMES = Object.keys(DRUGS) as readonly DrugName[];

export const MANUFACTURERS = [
  'Northlake Pharma',
  'Aldern Laboratories',
  'Meriton Generics',
  'Hollins Biotech',
  'Castor & Vale',
  'Bluewater Remedies',
] as const;
