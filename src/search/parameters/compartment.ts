/** Patient compartments: whose record a resource belongs to. */
import type { ResourceKey } from '../../model/resource.ts';
import type { PathReader } from './path.ts';
import { compileReader } from './path.ts';
import { referenceText } from './reference-text.ts';
import type { SearchRegistry } from './registry.ts';

/** Patients of one type's resources: "Patient/1", home patient first. Fills `out` and returns it. */
export type PatientsReader = (resource: object, key: ResourceKey) => string[];

/** The parameter that names whose record it is comes first, whatever the definition's order. */
const HOME_FIRST = ['patient', 'subject', 'beneficiary'];

function inHomeOrder(codes: readonly string[]): string[] {
  const rank = (code: string) => (HOME_FIRST.includes(code) ? HOME_FIRST.indexOf(code) : HOME_FIRST.length);
  return [...codes].sort((a, b) => rank(a) - rank(b));
}

/**
 * Reads the patients in whose compartments resources of this type are. A Patient is in its own, and first. References that
 * lead elsewhere (another server, a Group, a contained resource) don't count.
 * @see https://hl7.org/fhir/R4/compartmentdefinition-patient.html
 */
export function compilePatients(type: string, registry: SearchRegistry, baseUrl: string): PatientsReader {
  const codes = inHomeOrder(registry.compartmentCodes(type));
  const paths = codes.flatMap((code) => registry.parameter(type, code)?.paths ?? []);
  const readers: PathReader[] = paths.filter((path) => path.type === 'Reference').map((path) => compileReader(path.steps));
  return (resource, key) => {
    const patients = type === 'Patient' ? [`Patient/${key.id}`] : [];
    const found: unknown[] = [];
    for (const read of readers) read(resource, found);
    for (const reference of found) {
      const patient = localPatient(reference, baseUrl);
      if (patient !== undefined && !patients.includes(patient)) patients.push(patient);
    }
    return patients;
  };
}

function localPatient(reference: unknown, baseUrl: string): string | undefined {
  const literal = (reference as { reference?: unknown }).reference;
  if (typeof literal !== 'string') return undefined;
  const { text, type } = referenceText(literal, baseUrl);
  return type === 'Patient' && !text.includes('@') ? text : undefined;
}
