/** By which entries the resources of an aggregate are told apart. */
import { anyValuePrefix, EXACT_MARK, parameterKey, systemPrefix, tokenStart } from './entry-text.ts';
import type { SearchParameter } from './registry.ts';

interface GroupEntries {
  /** How the entries start; what follows is the value. */
  readonly starts: readonly string[];
  /** The value as a client reads it. */
  readonly label: (rest: string) => string;
}

/** The parameter types that can be grouped by as they are; dates need a unit. */
export const GROUPED_TYPES: readonly string[] = ['token', 'string', 'reference', 'uri'];

/** Undefined for a parameter of another type. `system` takes only codes of that system. */
export function groupEntries(parameter: SearchParameter, system: string | undefined): GroupEntries | undefined {
  const keys = parameter.storedAs.map((home) => parameterKey(parameter.on, home.code));
  const asIs = (rest: string) => rest;
  switch (parameter.type) {
    case 'token': {
      if (system !== undefined) return { starts: keys.map((key) => systemPrefix(key, system)), label: asIs };
      return {
        starts: keys.map((key) => tokenStart(key, parameter.hasSystem)),
        label: (rest) => (rest.startsWith('|') ? rest.slice(1) : rest),
      };
    }
    case 'reference': {
      const [home] = parameter.storedAs;
      const target = home?.target === undefined ? '' : `${home.target}/`;
      return { starts: keys.map((key) => `${anyValuePrefix(key)}${target}`), label: (rest) => `${target}${rest}` };
    }
    case 'string':
      return { starts: keys.map(anyValuePrefix), label: asWritten };
    case 'uri':
      return { starts: keys.map(anyValuePrefix), label: asIs };
    default:
      return undefined;
  }
}

function asWritten(rest: string): string {
  const [folded = '', exact = ''] = rest.split(EXACT_MARK);
  return exact || folded;
}
