/** The command line of `npm run bench`. */
import { parseArgs } from 'node:util';
import type { AgainstOptions } from './against.ts';
import { PHASES, type Phase } from './phases.ts';

export const HELP = `npm run bench -- [--quick] [--phases a,b] [--clients 1,16] [--rounds N] [--seconds N] [--shards N] [--members N]
                [--no-raw] [--soak MINUTES [--resources N]] [--profile DIR] [--search-patients N] [--warm-up SECONDS] [--save] [--seed N] [-- gateway flags, such as --connect …]
                [--against URL --processes PID,PID [--header 'name: value']… [--name NAME]]

Phases: ${PHASES.join(', ')}.
--quick     one round of two seconds each; nothing is written unless --save is given
--no-raw    leaves out the raw drivers
--soak      watches memory under a mix of requests instead, after loading --resources (100,000)
--search-patients  records of 29 resources that the search phases look through (500); 34500 are a million resources. page-far is page 1,000
            from 6500 on (15 observations each), before that the last full one
--warm-up   seconds that each phase is asked before anything is measured (3)
--profile   the gateway writes a V8 CPU profile there when it ends
--save      writes bench/results/<date>.json and the table in docs/performance.md (the default of a full run)
--against   a FHIR server that already runs, instead of the embedded default; needs --processes, whose CPU is summed with that of all
            their descendants, the server's first. --header goes with every request (authorization, cache-control). Only
            bench/results/<date>-NAME.json is written. What the server keeps stays: give each run another --seed`;

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
  readonly warmUpSeconds: number;
  /** Undefined: the embedded default is started. */
  readonly against: AgainstOptions | undefined;
  /** Of the results file; the one of {@link nameOf} also has a table in docs/performance.md. */
  readonly name: string;
  readonly gatewayArgs: readonly string[];
}

/** What a run of the embedded default is called. */
export const nameOf = (shards: number | string): string => `shards-${shards}`;

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
      'warm-up': { type: 'string', default: '3' },
      against: { type: 'string' },
      processes: { type: 'string', default: '' },
      header: { type: 'string', multiple: true, default: [] },
      name: { type: 'string' },
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
    raw: !values['no-raw'] && values.against === undefined,
    searchPatients: number('search-patients', values['search-patients'], 1),
    soakMinutes: number('soak', values.soak, 0),
    resources: number('resources', values.resources, 0),
    profileDir: values.profile,
    save: values.save || !values.quick,
    seed: number('seed', values.seed, 0),
    warmUpSeconds: number('warm-up', values['warm-up'], 0),
    against: readAgainst(values),
    name: values.name ?? (values.against === undefined ? nameOf(values.shards) : 'against'),
    gatewayArgs: positionals,
  };
}

function readAgainst(values: { against?: string; processes: string; header: readonly string[] }): AgainstOptions | undefined {
  if (values.against === undefined) return undefined;
  const processes = values.processes.split(',').map((each) => number('processes', each, 1));
  return { url: values.against, processes, headers: values.header };
}

function number(name: string, text: string, minimum: number): number {
  const value = Number(text);
  if (!(value >= minimum)) throw new Error(`--${name} must be a number from ${minimum}, not "${text}"`);
  return value;
}
