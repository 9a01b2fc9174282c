import { ENTRIES, LEAVES, PACKAGES, ROOMS, STORE_PARTS, STORES } from './rooms.ts';
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
  return other === 'store' && storeOf(to) !== undefined ? 'only the composition root names a concrete store' : undefined;
}

/** Data anywhere; a store's own migrations. */
function isOutsideAllowed(from: string, to: string): boolean {
  return to.endsWith('.json') || (from.startsWith('store/') && to.startsWith('../migrations/'));
}

function storeBreach(from: string, to: string): string | undefined {
  const [own, other] = [storeOf(from), storeOf(to)];
  if (other === undefined || own === other) return undefined;
  return own === undefined ? `the interface imports store ${other}` : `store ${own} imports store ${other}`;
}

/** The concrete store that a file of the room belongs to; undefined for the interface. */
function storeOf(path: string): string | undefined {
  const [, folder = '', ...inner] = path.split('/');
  if (inner.length === 0 || STORE_PARTS.has(folder)) return undefined;
  if (!STORES.has(folder)) throw new Error(`src/store/${folder} is no store and no part of the interface: see tests/architecture/rooms.ts`);
  return folder;
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
