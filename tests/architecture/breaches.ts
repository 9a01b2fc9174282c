import { ENTRIES, LEAVES, PACKAGES, ROOMS, STORES } from './rooms.ts';
import { type SourceFile, targetOf } from './source-files.ts';

/** Why this import of a file in src/ breaks a rule of the house; undefined if it doesn't. */
export function breachOf(file: SourceFile, specifier: string): string | undefined {
  const from = file.path.replace(/^src\//, '');
  const to = targetOf(file, specifier);
  return to === undefined ? packageBreach(from, specifier) : roomBreach(from, to);
}

function roomBreach(from: string, to: string): string | undefined {
  if (ENTRIES.has(to)) return from === 'main.ts' ? undefined : `nothing imports ${to}`;
  if (ENTRIES.has(from)) return undefined;
  if (to.startsWith('..')) return isOutsideAllowed(from, to) ? undefined : 'outside src';
  const [own, other] = [roomOf(from), roomOf(to)];
  // The larger parts of gateway.ts: they join everything as it does.
  if (own === 'composition') return undefined;
  if (own === other) return own === 'store' ? storeBreach(from, to) : undefined;
  if (LEAVES.has(own)) return `${own} is a leaf`;
  if (rank(other) > rank(own)) return `${own} is above ${other}`;
  return other === 'store' && to.split('/').length > 2 ? 'only the composition root names a concrete store' : undefined;
}

/** Data anywhere; a store's own migrations. */
function isOutsideAllowed(from: string, to: string): boolean {
  return to.endsWith('.json') || (from.startsWith('store/') && to.startsWith('../migrations/'));
}

function storeBreach(from: string, to: string): string | undefined {
  const [own, other] = [from.split('/')[1] ?? '', to.split('/')[1] ?? ''];
  if (own === other || !STORES.has(other)) return undefined;
  return STORES.has(own) ? `store ${own} imports store ${other}` : `the interface imports store ${other}`;
}

function packageBreach(from: string, specifier: string): string | undefined {
  const name = Object.keys(PACKAGES).find((known) => specifier === known || specifier.startsWith(`${known}/`));
  const homes = name === undefined ? undefined : PACKAGES[name];
  if (!homes || homes.some((home) => from === home || from.startsWith(`${home}/`))) return undefined;
  return `${name} belongs to ${homes.join(', ')}`;
}

function roomOf(path: string): string {
  return path.split('/')[0] ?? path;
}

function rank(room: string): number {
  const index = (ROOMS as readonly string[]).indexOf(room);
  if (index === -1) throw new Error(`src/${room} is no room: give it a place in tests/architecture/rooms.ts`);
  return index;
}
