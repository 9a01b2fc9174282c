/** A command's own flags, apart from the gateway's. */
import { ConfigError } from '../../src/config/load.ts';

export interface CommandLine {
  /** The first words: "add house". */
  readonly words: readonly string[];
  /** The last value of a flag. */
  flag(name: string): string | undefined;
  /** All values of a flag. */
  flags(name: string): readonly string[];
  has(name: string): boolean;
  /** What is left is the gateway's: --data-dir, --connect, … */
  readonly rest: readonly string[];
}

/** @throws ConfigError for a flag of ours without a value */
export function readCommandLine(args: readonly string[], valued: readonly string[], switches: readonly string[] = []): CommandLine {
  const words: string[] = [];
  const rest: string[] = [];
  const values: [string, string][] = [];
  for (let at = 0; at < args.length; at++) {
    const argument = args[at] as string;
    const [, name = '', inline] = /^--([a-z-]+)(?:=(.*))?$/s.exec(argument) ?? [];
    if (switches.includes(name)) values.push([name, '']);
    else if (valued.includes(name)) {
      const value = inline ?? args[++at];
      if (!value) throw new ConfigError(`--${name} needs a value.`);
      values.push([name, value]);
    } else if (rest.length === 0 && !argument.startsWith('-')) words.push(argument);
    else rest.push(argument);
  }
  const flags = (name: string) => values.filter(([each]) => each === name).map(([, value]) => value);
  return { words, rest, flags, flag: (name) => flags(name).at(-1), has: (name) => flags(name).length > 0 };
}
