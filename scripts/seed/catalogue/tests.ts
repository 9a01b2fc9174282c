/** Laboratory panels: LOINC codes, UCUM units, reference ranges of adults. */
import type { Term } from '../coding.ts';

export interface Analyte extends Term {
  readonly unit: string;
  readonly low: number;
  readonly high: number;
  readonly decimals: number;
}

interface Panel extends Term {
  readonly price: number;
  readonly analytes: readonly Analyte[];
}

const analyte = (code: string, display: string, unit: string, low: number, high: number, decimals: number): Analyte => ({
  code,
  display,
  unit,
  low,
  high,
  decimals,
});

const GLUCOSE = analyte('2345-7', 'Glucose', 'mg/dL', 70, 99, 0);

export const PANELS = {
  metabolic: {
    code: '24323-8',
    display: 'Comprehensive metabolic panel',
    price: 34.5,
    analytes: [
      GLUCOSE,
      analyte('2160-0', 'Creatinine', 'mg/dL', 0.6, 1.3, 2),
      analyte('2951-2', 'Sodium', 'mmol/L', 136, 145, 0),
      analyte('2823-3', 'Potassium', 'mmol/L', 3.5, 5.1, 1),
    ],
  },
  diabetes: {
    code: '55399-0',
    display: 'Diabetes tracking panel',
    price: 28.0,
    analytes: [analyte('4548-4', 'Hemoglobin A1c/Hemoglobin.total', '%', 4, 5.6, 1), GLUCOSE],
  },
  lipids: {
    code: '57698-3',
    display: 'Lipid panel',
    price: 26.75,
    analytes: [
      analyte('2093-3', 'Cholesterol', 'mg/dL', 100, 199, 0),
      analyte('2571-8', 'Triglyceride', 'mg/dL', 40, 149, 0),
      analyte('2085-9', 'Cholesterol in HDL', 'mg/dL', 40, 90, 0),
      analyte('18262-6', 'Cholesterol in LDL', 'mg/dL', 50, 129, 0),
    ],
  },
  blood: {
    code: '58410-2',
    display: 'Complete blood count',
    price: 18.2,
    analytes: [
      analyte('718-7', 'Hemoglobin', 'g/dL', 12, 17.5, 1),
      analyte('6690-2', 'Leukocytes', '10*3/uL', 4.5, 11, 1),
      analyte('777-3', 'Platelets', '10*3/uL', 150, 400, 0),
    ],
  },
  inflammation: {
    code: '1988-5',
    display: 'C reactive protein',
    price: 9.9,
    analytes: [analyte('1988-5', 'C reactive protein', 'mg/L', 0, 5, 1)],
  },
  thyroid: {
    code: '3016-3',
    display: 'Thyrotropin',
    price: 15.6,
    analytes: [analyte('3016-3', 'Thyrotropin', 'u[IU]/mL', 0.4, 4.5, 2)],
  },
  urate: { code: '3084-1', display: 'Urate', price: 8.4, analytes: [analyte('3084-1', 'Urate', 'mg/dL', 3.4, 7, 1)] },
  natriuretic: {
    code: '30934-4',
    display: 'Natriuretic peptide B',
    price: 41.0,
    analytes: [analyte('30934-4', 'Natriuretic peptide B', 'pg/mL', 0, 100, 0)],
  },
} as const satisfies Record<string, Panel>;

export type PanelName = keyof typeof PANELS;
