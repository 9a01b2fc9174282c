/** The Synthea Bundles of `conformance/data`, as they would arrive over HTTP. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';

const FOLDER = join(import.meta.dirname, '../../conformance/data/synthea');

export interface SyntheaBundle {
  /** `hospitalInformation`, `practitionerInformation`, or the patient's first name with its number: `Kandis954`. */
  readonly name: string;
  readonly type: 'batch' | 'transaction';
  /** The JSON text, byte for byte as Synthea wrote it. */
  readonly text: string;
}

/** In the order in which they must be loaded: hospitals, practitioners, then patients by name. Names given select. */
export function readSynthea(...names: readonly string[]): readonly SyntheaBundle[] {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.json.gz'));
  const bundles = files.map((file) => toBundle(file)).sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
  const missing = names.filter((name) => !bundles.some((bundle) => bundle.name === name));
  if (missing.length > 0) throw new Error(`no Synthea Bundle named ${missing.join(', ')}`);
  return names.length === 0 ? bundles : bundles.filter((bundle) => names.includes(bundle.name));
}

function toBundle(file: string): SyntheaBundle {
  const name = basename(file, '.json.gz').replace(/^((?:hospital|practitioner)Information|[^_]+).*$/, '$1');
  const type = name.endsWith('Information') ? 'batch' : 'transaction';
  return { name, type, text: gunzipSync(readFileSync(join(FOLDER, file))).toString('utf8') };
}

const rank = (bundle: SyntheaBundle) =>
  ['hospitalInformation', 'practitionerInformation'].indexOf(bundle.name) + (bundle.type === 'batch' ? 0 : 9);
