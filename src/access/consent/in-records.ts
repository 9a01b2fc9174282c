/**
 * Whose data a resource is, as conditions: in R4's patient compartment by membership, in other types by the parameter that
 * names a patient (`Task.patient`, `Device.patient`, …).
 */
import type { SearchExpression } from '../../search/expression/expression.ts';
import { and, EVERYTHING, NOTHING, not, or } from '../../search/expression/expression.ts';
import { anyValuePrefix, parameterKey, valueEntry } from '../../search/parameters/entry-text.ts';
import type { SearchRegistry } from '../../search/parameters/registry.ts';

export interface InRecords {
  /** Data of one of these patients ("Patient/1"). */
  someOf(type: string, patients: readonly string[]): SearchExpression;
  /** Data of nobody but these, or of nobody. */
  onlyOf(type: string, patients: readonly string[]): SearchExpression;
}

const NAMES_PATIENT = ['patient', 'subject'];

export function createInRecords(registry: SearchRegistry, isPatientMember: (type: string) => boolean): InRecords {
  /** Keys of the entries that name a patient; of types outside the compartment. */
  const keysOf = (type: string): readonly string[] => {
    const parameters = NAMES_PATIENT.flatMap((code) => registry.parameter(type, code) ?? []);
    const naming = parameters.filter((parameter) => parameter.type === 'reference' && parameter.targets.includes('Patient'));
    return [...new Set(naming.flatMap(({ storedAs }) => storedAs.map(({ code }) => parameterKey(type, code))))];
  };
  const among = (key: string, patients: readonly string[]): SearchExpression =>
    patients.length === 0 ? NOTHING : { kind: 'among', entries: patients.map((patient) => valueEntry(key, patient)) };

  return {
    someOf(type, patients) {
      if (isPatientMember(type)) return { kind: 'patients', references: patients };
      return or(keysOf(type).map((key) => among(key, patients)));
    },
    onlyOf(type, patients) {
      if (isPatientMember(type)) return { kind: 'patients-only', references: patients };
      const keys = keysOf(type);
      if (keys.length === 0) return EVERYTHING;
      const names = (key: string): SearchExpression => ({ kind: 'prefix', entry: `${anyValuePrefix(key)}Patient/` });
      return and(keys.map((key) => or([not(names(key)), among(key, patients)])));
    },
  };
}
