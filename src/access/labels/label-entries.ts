/** Labels as index entries: to tell whether anything stored, or about to be, bears one. */
import type { ResourceDraft } from '../../model/resource.ts';
import type { SearchExpression } from '../../search/expression/expression.ts';
import { codeEntry, parameterKey } from '../../search/parameters/entry-text.ts';
import type { Clearance } from './label-restriction.ts';

const codesOf = (clearances: readonly Clearance[]): readonly string[] => [
  ...new Set(clearances.flatMap(({ labels }) => labels.map(({ code }) => code.toLowerCase()))),
];

const entriesOf = (clearances: readonly Clearance[], type: string): readonly string[] =>
  codesOf(clearances).map((code) => codeEntry(parameterKey(type, '_security'), code));

/** Holds for resources of the types with a label of that code, in whatever system: rather one too many. */
export const mayBeLabelled = (clearances: readonly Clearance[], types: readonly string[]): SearchExpression => ({
  kind: 'among',
  entries: types.flatMap((type) => entriesOf(clearances, type)),
});

/** The same of one draft. Nearly always false by its text: a member's name is written with escapes by nobody who means well. */
export function createBearsLabel(clearances: readonly Clearance[]): (draft: ResourceDraft) => boolean {
  const byType = new Map<string, readonly string[]>();
  const ofType = (type: string) => {
    const known = byType.get(type) ?? entriesOf(clearances, type);
    byType.set(type, known);
    return known;
  };
  return ({ type, raw, index }) =>
    (raw.includes('"security"') || raw.includes('\\u')) && ofType(type).some((entry) => index.s.includes(entry));
}
