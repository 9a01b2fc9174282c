/** The command line of `npm run bench`. */
import { parseArgs } from 'node:util';
import { PHASES, type Phase } from './phases.ts';

export const HELP = `npm run bench -- [--quick] [--phases a,b] [--clients 1,16] [--rounds N] [--seconds N] [--shards N] [--members N]
                [--no-raw] [--soak MINUTES [--resources N]] [--profile DIR] [--search-patients N] [--save] [--seed N] [-- gateway flags, such as --connect …]

Phases: ${PHASES.join(', ')}.
--quick     one round of two seconds each; nothing is written unless --save is given
--no-raw    leaves out the raw drivers
--soak      watches memory under a mix of requests instead, after loading --resources (100,000)
--search-patients  records of 29 resources that the search phases look through (500); 34500 are a million resources. page-far is page 1,000
            from 6500 on (15 observations each), before that the last full one
--profile   the gateway writes a V8 CPU profile there when it ends
--save      writes bench/results/<date>.json and the table in docs/performance.md (the default of a full run)`;

export interface BenchOptions {
  readonly phases: readonly Phase[];
  readonly clients: readonly number[];
  readonly rounds: number;
  readonly seconds: number;
  readonly shards: number;
  readonly members: number;
  readonly raw: boolean;
  /** Records of 29 resources that the search phases look through. */
  readonly searchPatients: number;
  readonly soakMinutes: number;
  readonly resources: number;
  readonly profileDir: string | undefined;
  readonly save: boolean;
  readonly seed: number;
  readonly gatewayArgs: readonly string[];
}

/** Undefined when help was asked for. @throws Error in one line for what can't be understood */
export function readOptions(args: readonly string[]): BenchOptions | undefined {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      phases: { type: 'string', default: PHASES.join(',') },
      clients: { type: 'string', default: '1,16' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      shards: { type: 'string', default: '4' },
      members: { type: 'string', default: '1' },
      'no-raw': { type: 'boolean', default: false },
      soak: { type: 'string', default: '0' },
      resources: { type: 'string', default: '100000' },
      'search-patients': { type: 'string', default: '500' },
      profile: { type: 'string' },
      save: { type: 'boolean', default: false },
      seed: { type: 'string', default: '1' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const phases = values.phases.split(',');
  const unknown = phases.filter((phase) => !(PHASES as readonly string[]).includes(phase));
  if (unknown.length > 0) throw new Error(`--phases: there is no ${unknown.join(', ')}; there are ${PHASES.join(', ')}`);
  return {
    phases: phases as Phase[],
    clients: values.clients.split(',').map((each) => number('clients', each, 1)),
    rounds: number('rounds', values.rounds ?? (values.quick ? '1' : '3'), 1),
    seconds: number('seconds', values.seconds ?? (values.quick ? '2' : '4'), 0.1),
    shards: number('shards', values.shards, 0),
    members: number('members', values.members, 1),
    raw: !values['no-raw'],
    searchPatients: number('search-patients', values['search-patients'], 1),
    soakMinutes: number('soak', values.soak, 0),
    resources: number('resources', values.resources, 0),
    profileDir: values.profile,
    save: values.save || !values.quick,
    seed: number('seed', values.seed, 0),
    gatewayArgs: positionals,
  };
}

function number(name: string, text: string, minimum: number): number {
  const value = Number(text);
  if (!(value >= minimum)) throw new Error(`--${name} must be a number from ${minimum}, not "${text}"`);
  return value;
}
