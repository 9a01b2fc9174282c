/** Clearances that a setting names: `hiv=http://terminology.hl7.org/CodeSystem/v3-ActCode|HIV`, separated by commas. */
import type { Clearance } from './label-restriction.ts';

const ITEM = /^([a-z][a-z0-9-]*)=([^|\s]+)\|([^|\s]+)$/;

/** One clearance for each name; a name may have several labels. @throws Error that says what is wrong with the text */
export function parseClearances(text: string): readonly Clearance[] {
  const items = text.split(',').filter((item) => item.trim() !== '');
  const labels = items.map((item) => {
    const [, name, system, code] = ITEM.exec(item.trim()) ?? [];
    if (!name || !system || !code) throw new Error(`"${item}" is not a label: name=system|code, the name in lower case`);
    return { name, label: { system, code } };
  });
  const byName = Map.groupBy(labels, ({ name }) => name);
  return [...byName].map(([name, named]) => ({ name, labels: named.map(({ label }) => label), includedIn: [] }));
}
