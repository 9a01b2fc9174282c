/** Diagnoses, with what usually follows from them: tests, prescriptions, symptoms, advice. */
import type { Term } from '../coding.ts';
import type { DrugName } from './medications.ts';
import type { Specialty } from './specialties.ts';
import type { PanelName } from './tests.ts';

export interface Diagnosis extends Term {
  readonly icd10: string;
  readonly specialty: Specialty;
  readonly chronic: boolean;
  readonly panels: readonly PanelName[];
  readonly drugs: readonly DrugName[];
  readonly symptoms: readonly Symptom[];
  readonly advice: string;
}

export const SYMPTOMS = {
  headache: { code: '25064002', display: 'Headache' },
  fatigue: { code: '84229001', display: 'Fatigue' },
  cough: { code: '49727002', display: 'Cough' },
  nausea: { code: '422587007', display: 'Nausea' },
  dyspnoea: { code: '267036007', display: 'Dyspnea' },
  fever: { code: '386661006', display: 'Fever' },
  jointPain: { code: '57676002', display: 'Joint pain' },
  abdominalPain: { code: '21522001', display: 'Abdominal pain' },
} as const satisfies Record<string, Term>;

type Symptom = keyof typeof SYMPTOMS;

type Follows = Omit<Diagnosis, keyof Term | 'icd10' | 'specialty' | 'chronic'>;
const row = (code: string, icd10: string, display: string, specialty: Specialty, chronic: boolean, follows: Follows): Diagnosis => ({
  code,
  icd10,
  display,
  specialty,
  chronic,
  ...follows,
});

/** Treated in the surgery or the clinic. */
export const OUTPATIENT_DIAGNOSES: readonly Diagnosis[] = [
  row('59621000', 'I10', 'Essential hypertension', 'cardiology', true, {
    panels: ['metabolic'],
    drugs: ['lisinopril', 'amlodipine'],
    symptoms: ['headache'],
    advice: 'Less salt, walk half an hour a day, measure blood pressure at home in the morning and in the evening.',
  }),
  row('44054006', 'E11.9', 'Diabetes mellitus type 2', 'diabetes', true, {
    panels: ['diabetes', 'metabolic'],
    drugs: ['metformin'],
    symptoms: ['fatigue'],
    advice: 'Check fasting glucose twice a week; repeat HbA1c in three months; book the yearly eye and foot check.',
  }),
  row('55822004', 'E78.5', 'Hyperlipidemia', 'cardiology', true, {
    panels: ['lipids'],
    drugs: ['atorvastatin'],
    symptoms: [],
    advice: 'Less saturated fat; repeat the lipid panel in twelve weeks.',
  }),
  row('195967001', 'J45.9', 'Asthma', 'pulmonary', true, {
    panels: [],
    drugs: ['salbutamol'],
    symptoms: ['cough', 'dyspnoea'],
    advice: 'Carry the inhaler; keep a peak flow diary; come back at once if rescue doses rise above four a day.',
  }),
  row('10509002', 'J20.9', 'Acute bronchitis', 'general', false, {
    panels: ['inflammation'],
    drugs: ['paracetamol'],
    symptoms: ['cough', 'fever'],
    advice: 'Rest and drink; return if fever lasts more than three days.',
  }),
  row('37796009', 'G43.9', 'Migraine', 'neurology', true, {
    panels: [],
    drugs: ['sumatriptan', 'ibuprofen'],
    symptoms: ['headache', 'nausea'],
    advice: 'Keep a headache diary; at most two doses of the triptan in a day.',
  }),
  row('235595009', 'K21.9', 'Gastroesophageal reflux disease', 'gastroenterology', true, {
    panels: [],
    drugs: ['omeprazole'],
    symptoms: ['abdominalPain', 'nausea'],
    advice: 'Raise the head of the bed; no meals within three hours of sleep.',
  }),
  row('40930008', 'E03.9', 'Hypothyroidism', 'diabetes', true, {
    panels: ['thyroid'],
    drugs: ['levothyroxine'],
    symptoms: ['fatigue'],
    advice: 'Take the tablet half an hour before breakfast; repeat TSH in eight weeks.',
  }),
  row('90560007', 'M10.9', 'Gout', 'rheumatology', true, {
    panels: ['urate'],
    drugs: ['allopurinol', 'ibuprofen'],
    symptoms: ['jointPain'],
    advice: 'Drink two litres a day; less beer and meat; repeat urate in four weeks.',
  }),
  row('370143000', 'F32.9', 'Major depressive disorder', 'psychiatry', true, {
    panels: ['thyroid'],
    drugs: ['sertraline'],
    symptoms: ['fatigue'],
    advice: 'Weekly talks for eight weeks; review the dose after four.',
  }),
  row('68566005', 'N39.0', 'Urinary tract infectious disease', 'urology', false, {
    panels: ['inflammation', 'blood'],
    drugs: ['amoxicillin'],
    symptoms: ['fever', 'abdominalPain'],
    advice: 'Finish the course; repeat the urine test if symptoms stay.',
  }),
  row('396275006', 'M19.9', 'Osteoarthritis', 'orthopaedics', true, {
    panels: [],
    drugs: ['paracetamol', 'ibuprofen'],
    symptoms: ['jointPain'],
    advice: 'Physiotherapy twice a week for six weeks; low-impact exercise.',
  }),
];

/** Treated on a ward. `advice` is the discharge advice. */
export const INPATIENT_DIAGNOSES: readonly (Diagnosis & { readonly procedure: Term; readonly imaging?: Term })[] = [
  {
    ...row('233604007', 'J18.9', 'Pneumonia', 'pulmonary', false, {
      panels: ['inflammation', 'blood'],
      drugs: ['azithromycin'],
      symptoms: ['cough', 'fever', 'dyspnoea'],
      advice: 'Chest X-ray in six weeks; vaccination against pneumococci.',
    }),
    procedure: { code: '371908008', display: 'Oxygen administration by mask' },
    imaging: { code: '399208008', display: 'Plain chest X-ray' },
  },
  {
    ...row('84114007', 'I50.9', 'Heart failure', 'cardiology', true, {
      panels: ['natriuretic', 'metabolic'],
      drugs: ['furosemide', 'lisinopril'],
      symptoms: ['dyspnoea', 'fatigue'],
      advice: 'Weigh daily and call if two kilograms are gained in three days; at most two litres of fluid.',
    }),
    procedure: { code: '40701008', display: 'Echocardiography' },
    imaging: { code: '399208008', display: 'Plain chest X-ray' },
  },
  {
    ...row('74400008', 'K37', 'Appendicitis', 'surgery', false, {
      panels: ['inflammation', 'blood'],
      drugs: ['amoxicillin', 'paracetamol'],
      symptoms: ['abdominalPain', 'nausea', 'fever'],
      advice: 'Stitches out in ten days; no lifting for four weeks.',
    }),
    procedure: { code: '80146002', display: 'Appendectomy' },
  },
  {
    ...row('22298006', 'I21.9', 'Myocardial infarction', 'cardiology', false, {
      panels: ['lipids', 'metabolic'],
      drugs: ['atorvastatin', 'lisinopril'],
      symptoms: ['dyspnoea', 'nausea'],
      advice: 'Cardiac rehabilitation for three weeks; no smoking; review in the clinic in four weeks.',
    }),
    procedure: { code: '415070008', display: 'Percutaneous coronary intervention' },
  },
  {
    ...row('16114001', 'S82.8', 'Fracture of ankle', 'orthopaedics', false, {
      panels: ['blood'],
      drugs: ['ibuprofen', 'paracetamol'],
      symptoms: ['jointPain'],
      advice: 'No weight on the foot for six weeks; control X-ray in two weeks.',
    }),
    procedure: { code: '265157000', display: 'Open reduction of fracture with internal fixation' },
    imaging: { code: '19490002', display: 'Plain X-ray of ankle' },
  },
];
