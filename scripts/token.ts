/**
 * Prints an access token of the embedded default's local key, and nothing else:
 *
 *     npm run -s token -- --scope 'system/*.cruds'
 */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { type LocalClaims, openLocalIssuer } from '../src/access/local-key.ts';
import { parseScopes } from '../src/access/scopes.ts';
import { ConfigError, loadConfig } from '../src/config/load.ts';
import type { Config } from '../src/config/options.ts';
import { loadDefinitions } from '../src/definitions/load.ts';
import { runCommand } from './run-command.ts';

const USAGE = `Usage: npm run -s token -- --scope '<SMART scopes>' [--sub S] [--client C] [--patient ID] [--user Practitioner/ID] [--purpose TREAT] [--ttl SECONDS]
and the gateway's own flags, where they matter: --port, --data-dir, --base-url, --issuer, --audience.
Examples of scopes: 'system/*.cruds', 'user/Patient.rs user/Observation.rs', 'system/$shard.rs', and with --patient 'patient/*.rs'.`;

const OWN_FLAGS = ['scope', 'sub', 'client', 'patient', 'user', 'purpose', 'ttl'] as const;
type OwnFlags = Partial<Record<(typeof OWN_FLAGS)[number], string>>;

const DEFAULT_TTL_SECONDS = 3600;
const MAX_TTL_SECONDS = 31_536_000;

async function main(args: readonly string[]): Promise<void> {
  const { own, rest } = splitFlags(args);
  const config = loadConfig(rest, process.env);
  if (config.jwksUrl)
    throw new ConfigError('JWKS_URL is set, so the gateway does not accept tokens of the local key; ask that issuer for one.');
  const claims = claimsFrom(own, config);
  warnOfUseless(claims);
  await warnOfNewKey(config.dataDir);
  const issuer = await openLocalIssuer(config.dataDir);
  process.stdout.write(`${await issuer.sign(claims)}\n`);
}

/** This script's flags, and the rest for the configuration to judge. */
function splitFlags(args: readonly string[]): { own: OwnFlags; rest: string[] } {
  const own: OwnFlags = {};
  const rest: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const [, flag, inline] = /^--([a-z]+)(?:=(.*))?$/s.exec(args[at] as string) ?? [];
    const name = OWN_FLAGS.find((candidate) => candidate === flag);
    if (name === undefined) {
      rest.push(args[at] as string);
      continue;
    }
    const value = inline ?? args[++at];
    if (!value) throw new ConfigError(`--${name} needs a value.`);
    own[name] = value;
  }
  return { own, rest };
}

function claimsFrom(own: OwnFlags, config: Config): LocalClaims {
  if (own.scope === undefined) throw new ConfigError(`--scope is missing.\n${USAGE}`);
  const subject = own.sub ?? 'local';
  return {
    issuer: config.issuer,
    audience: config.audience,
    scope: own.scope,
    subject,
    client: own.client ?? subject,
    ...(own.patient !== undefined && { patient: own.patient }),
    ...(own.user !== undefined && { fhirUser: own.user }),
    ...(own.purpose !== undefined && { purpose: own.purpose }),
    ttlSeconds: ttlSeconds(own.ttl),
  };
}

function ttlSeconds(text: string | undefined): number {
  if (text === undefined) return DEFAULT_TTL_SECONDS;
  const seconds = Number(text);
  if (!/^\d+$/.test(text) || seconds < 1 || seconds > MAX_TTL_SECONDS) {
    throw new ConfigError(`--ttl must be seconds from 1 to ${MAX_TTL_SECONDS}, not "${text}".`);
  }
  return seconds;
}

function warnOfUseless({ scope, patient }: LocalClaims): void {
  const { grants, refused } = parseScopes(scope, loadDefinitions().isResourceType);
  for (const grant of grants)
    if (grant.context === 'patient' && patient === undefined)
      process.stderr.write(`! ${grant.scope} grants nothing without a patient in context: give --patient ID.\n`);
  for (const one of refused) process.stderr.write(`! ${one} grants nothing: it is not a SMART scope that this server knows.\n`);
}

/** The usual cause of a token that is refused: another data folder than the gateway's. */
async function warnOfNewKey(dataDir: string): Promise<void> {
  await access(join(dataDir, 'keys')).catch(() => {
    process.stderr.write(`! There was no key in ${dataDir}, so one is made; a gateway with another --data-dir will refuse the token.\n`);
  });
}

await runCommand(() => main(process.argv.slice(2)));
