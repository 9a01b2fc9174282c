/** A quick look at the text of a resource, before anything of it is parsed. */
import type { ElementRule } from './protection.ts';

const literal = (text: string) => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

/** Every identifier has one, and most resources have none. */
const STRING_VALUE = /"value"\s*:\s*"/;

/** True for every text that may hold what these name: codes and systems may end in `*`. Of most others it is false. */
export function textTest(
  codes: readonly string[],
  systems: readonly string[],
  elements: readonly ElementRule[],
): (text: string) => boolean {
  const quoted = codes.map((code) => (code.endsWith('*') ? `${literal(code.slice(0, -1))}[^"]*` : literal(code)));
  const urls = systems.map((system) => literal(system.replace(/\*$/, '')));
  const parts = [...(quoted.length > 0 ? [`"(?:${quoted.join('|')})"`] : []), ...urls];
  const pattern = parts.length > 0 ? new RegExp(parts.join('|'), 'i') : undefined;
  const types = [...new Set(elements.map(({ type }) => type))];
  const ofType = types.length > 0 ? new RegExp(`"resourceType"\\s*:\\s*"(?:${types.join('|')})"`) : undefined;
  return (text) =>
    (ofType?.test(text) ?? false) ||
    // Escapes may spell anything.
    text.includes('\\u') ||
    text.includes('\\/') ||
    (STRING_VALUE.test(text) && (pattern?.test(text) ?? false));
}
