/** Scopes in words, for the page that asks for consent. */
import { letterBit, parseScope, type ScopeGrant, type ScopeLetter } from '../../access/scopes.ts';
import type { IsResourceType } from './narrow-scopes.ts';

const IDENTITY: Readonly<Record<string, string>> = {
  openid: 'Know who you are',
  profile: 'Know your name',
  fhirUser: 'Know your own entry in the hospital’s directory',
  launch: 'Know which record is open in the hospital’s system',
  'launch/patient': 'Know which patient you choose',
  'launch/encounter': 'Know which visit this is about',
  offline_access: 'Keep access when you are not there, until it is taken back',
  online_access: 'Keep access while you are logged in',
};

const VERBS: readonly (readonly [ScopeLetter, string])[] = [
  ['r', 'read'],
  ['s', 'search'],
  ['c', 'add'],
  ['u', 'change'],
  ['d', 'delete'],
];

/** "Read and search: all data of this patient". A scope that isn't known is shown as it is. */
export function scopeInWords(scope: string, isResourceType: IsResourceType): string {
  const grant = parseScope(scope, isResourceType);
  return IDENTITY[scope] ?? (grant ? `${sentence(verbsOf(grant))}: ${objectOf(grant)}` : scope);
}

/** True if it lets an app change something. */
export function isWriting(scope: string, isResourceType: IsResourceType): boolean {
  const bits = parseScope(scope, isResourceType)?.bits ?? 0;
  return (['c', 'u', 'd'] as const).some((letter) => (bits & letterBit(letter)) !== 0);
}

function verbsOf({ bits }: ScopeGrant): string {
  const verbs = VERBS.filter(([letter]) => (bits & letterBit(letter)) !== 0).map(([, verb]) => verb);
  return verbs.length < 2 ? verbs.join('') : `${verbs.slice(0, -1).join(', ')} and ${verbs.at(-1)}`;
}

function objectOf({ context, target, query }: ScopeGrant): string {
  if (target === '$break-glass') return 'what consents and labels keep back, in an emergency and on record';
  if (target.startsWith('$label-')) return `what is labelled ${target.slice('$label-'.length)}`;
  if (target.startsWith('$')) return `the administration operation ${target}`;
  const what = target === '*' ? 'all data' : `${spaced(target)} data`;
  const part = query === undefined ? '' : ` (only where ${decode(query)})`;
  return `${what}${part} ${context === 'patient' ? 'of this patient' : context === 'user' ? 'that you may see' : 'in the system'}`;
}

/** "MedicationRequest" → "medication request" */
const spaced = (type: string) => type.replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase();
const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

function decode(query: string): string {
  try {
    return decodeURIComponent(query).replace('=', ' is ');
  } catch {
    return query;
  }
}
