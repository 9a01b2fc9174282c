/** Observations: the health log (height, weight, blood pressure), laboratory results, symptoms, sensor series. */
import type { Encounter, Observation } from '@medplum/fhirtypes';
import type { Analyte } from '../catalogue/tests.ts';
import { coding, concept, hl7, LOINC, plain, quantity, SNOMED, type Term, UCUM } from '../coding.ts';
import type { Named } from '../draft.ts';
import { numberBetween } from '../random.ts';
import type { Scene } from '../scene.ts';
import { dateTime } from '../times.ts';

const HEIGHT = { code: '8302-2', display: 'Body height' };
const WEIGHT = { code: '29463-7', display: 'Body weight' };
const PULSE = { code: '8867-4', display: 'Heart rate' };
const PRESSURE = { code: '85354-9', display: 'Blood pressure panel with all children optional' };
const SYSTOLIC = { code: '8480-6', display: 'Systolic blood pressure' };
const DIASTOLIC = { code: '8462-4', display: 'Diastolic blood pressure' };

const VITAL = [plain(hl7('observation-category'), 'vital-signs')];

interface Moment {
  readonly at: number;
  readonly encounter?: Named<Encounter>;
}

/** The members that all Observations of this record share. */
function observed(scene: Scene, { at, encounter }: Moment, category: Observation['category'], term: Term, system = LOINC): Observation {
  return {
    resourceType: 'Observation',
    status: 'final',
    ...(category && { category }),
    code: concept(system, term),
    subject: scene.patient,
    ...(encounter && { encounter }),
    effectiveDateTime: dateTime(at),
  };
}

/** Height, weight, heart rate and blood pressure. `build` keeps one patient's values near each other. */
export function addHealthLog(scene: Scene, moment: Moment, build: { readonly heightCm: number; readonly weightKg: number }): void {
  const { random, draft } = scene;
  const measure = (term: Term, value: number, unit: string, code = unit) =>
    draft.add<Observation>({ ...observed(scene, moment, VITAL, term), valueQuantity: quantity(value, unit, code) });
  measure(HEIGHT, build.heightCm, 'cm');
  measure(WEIGHT, Number((build.weightKg + numberBetween(random, -3, 3, 1)).toFixed(1)), 'kg');
  measure(PULSE, random.number.int({ min: 55, max: 100 }), 'beats/minute', '/min');
  draft.add<Observation>({
    ...observed(scene, moment, VITAL, PRESSURE),
    component: [
      { code: concept(LOINC, SYSTOLIC), valueQuantity: quantity(random.number.int({ min: 100, max: 165 }), 'mmHg', 'mm[Hg]') },
      { code: concept(LOINC, DIASTOLIC), valueQuantity: quantity(random.number.int({ min: 60, max: 99 }), 'mmHg', 'mm[Hg]') },
    ],
  });
}

/** One laboratory value, about a third of them outside their range. */
export function addResult(scene: Scene, moment: Moment, analyte: Analyte): { result: Named<Observation>; abnormal: boolean } {
  const spread = analyte.high - analyte.low;
  const value = numberBetween(scene.random, Math.max(0, analyte.low - 0.2 * spread), analyte.high + 0.4 * spread, analyte.decimals);
  const flag = value < analyte.low ? 'L' : value > analyte.high ? 'H' : 'N';
  const result = scene.draft.add<Observation>({
    ...observed(scene, moment, [plain(hl7('observation-category'), 'laboratory')], analyte),
    issued: new Date(moment.at + 3_600_000).toISOString(),
    valueQuantity: quantity(value, analyte.unit),
    interpretation: [{ coding: [coding(hl7('v3-ObservationInterpretation'), { code: flag, display: flagText(flag) })] }],
    referenceRange: [{ low: quantity(analyte.low, analyte.unit), high: quantity(analyte.high, analyte.unit) }],
  });
  return { result, abnormal: flag !== 'N' };
}

const flagText = (flag: 'L' | 'H' | 'N') => ({ L: 'Low', H: 'High', N: 'Normal' })[flag];

/** How strong a symptom was, from 0 to 10, as the patient put it down. */
export function addSymptom(scene: Scene, moment: Moment, symptom: Term, severity: number): void {
  scene.draft.add<Observation>({
    ...observed(scene, moment, [plain(hl7('observation-category'), 'survey')], symptom, SNOMED),
    performer: [scene.patient],
    valueInteger: severity,
  });
}

const ECG = { code: '11524-6', display: 'EKG study' };
const SAMPLES = 250;

/** One second of a single-lead ECG at 250 Hz, in microvolts. */
export function addSensorSeries(scene: Scene, moment: Moment): void {
  const beat = scene.random.number.int({ min: 170, max: 240 });
  const samples = Array.from({ length: SAMPLES }, (_, n) => Math.round(heartbeat((n % beat) / beat) + numberBetween(scene.random, -8, 8)));
  scene.draft.add<Observation>({
    ...observed(scene, moment, [plain(hl7('observation-category'), 'procedure')], ECG),
    device: { display: 'Wearable ECG patch' },
    valueSampledData: {
      origin: { value: 0, unit: 'microvolt', system: UCUM, code: 'uV' },
      period: 4,
      factor: 1,
      lowerLimit: -2000,
      upperLimit: 2000,
      dimensions: 1,
      data: samples.join(' '),
    },
  });
}

/** P wave, QRS complex and T wave over one beat, phase from 0 to 1. */
function heartbeat(phase: number): number {
  const wave = (centre: number, width: number, height: number) => height * Math.exp(-(((phase - centre) / width) ** 2));
  return wave(0.15, 0.03, 110) - wave(0.27, 0.008, 120) + wave(0.3, 0.012, 1100) - wave(0.33, 0.01, 240) + wave(0.55, 0.05, 280);
}
