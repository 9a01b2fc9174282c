/** Flags over environment over defaults. */
import { isAbsolute, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Option } from './options/option.ts';
import { type Config, OPTIONS, type OptionName, type Settings } from './options.ts';
import { readValue } from './read-value.ts';

const DATABASE = 'meridian';

/** A setting that can't be: its message is one line that names the flag or variable and says what is right. */
export class ConfigError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ConfigError';
  }
}

/**
 * The whole configuration of a gateway.
 * @param args command-line arguments without the program's own name
 * @throws ConfigError for an unknown flag, a value of the wrong kind or out of range, or settings that don't go together
 */
export function loadConfig(args: readonly string[], env: Readonly<Record<string, string | undefined>>): Config {
  const flags = readFlags(args);
  const settings = Object.fromEntries(optionNames().map((name) => [name, settingOf(OPTIONS[name], flags, env)])) as unknown as Settings;
  const baseUrl = (settings.baseUrl ?? defaultBaseUrl(settings)).replace(/\/+$/, '');
  const config: Config = {
    ...settings,
    mongodbUri: settings.mongodbUri && withDatabase(settings.mongodbUri),
    baseUrl,
    issuer: settings.issuer ?? new URL(baseUrl).origin,
    audience: settings.audience ?? baseUrl,
  };
  checkTogether(config);
  return config;
}

function optionNames(): OptionName[] {
  return Object.keys(OPTIONS) as OptionName[];
}

type Flags = Readonly<Record<string, string | boolean | undefined>>;

function readFlags(args: readonly string[]): Flags {
  const known = Object.values(OPTIONS).map((option) => [option.flag, { type: option.kind === 'switch' ? 'boolean' : 'string' } as const]);
  try {
    return parseArgs({ args: [...args], options: Object.fromEntries(known), allowNegative: true, strict: true }).values as Flags;
  } catch (error) {
    const [reason] = (error as Error).message.split(/\n|\. /);
    throw new ConfigError(`${reason}. docs/configuration.md lists the flags.`);
  }
}

function settingOf(option: Option, flags: Flags, env: Readonly<Record<string, string | undefined>>): unknown {
  const flag = flags[option.flag];
  if (flag !== undefined) return typeof flag === 'boolean' ? flag : read(option, flag, `--${option.flag}`);
  const variable = env[option.env];
  // An empty variable is how many shells and compose files say "not set".
  return variable
    ? read(option, variable, option.env)
    : option.kind === 'path' && option.default
      ? resolve(option.default)
      : option.default;
}

function read(option: Option, text: string, source: string): unknown {
  const result = readValue(option, text);
  if ('expected' in result) throw new ConfigError(`${source} must be ${result.expected}${option.secret ? '' : `, not "${text}"`}.`);
  return option.kind === 'path' && !isAbsolute(text) ? resolve(text) : result.value;
}

/** The connection string with our database where it names none: the driver's own default is `test`. */
export function withDatabase(mongodbUri: string): string {
  const [, server, path, query] = /^([a-z+]+:\/\/[^/?]+)(?:\/([^?]*))?(\?.*)?$/.exec(mongodbUri) ?? [];
  return server && !path ? `${server}/${DATABASE}${query ?? ''}` : mongodbUri;
}

function defaultBaseUrl({ host, port, tlsCert }: Pick<Settings, 'host' | 'port' | 'tlsCert'>): string {
  const everywhere = host === '0.0.0.0' || host === '::';
  const name = everywhere ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;
  return `${tlsCert ? 'https' : 'http'}://${name}:${port}/fhir/R4`;
}

function checkTogether(config: Config): void {
  if (config.connect && !(config.mongodbUri && config.databaseUrl)) {
    throw new ConfigError('--connect needs --mongodb-uri (MONGODB_URI) and --database-url (DATABASE_URL).');
  }
  if (config.maxBundleBytes < config.maxBodyBytes) {
    throw new ConfigError('--max-bundle-bytes must not be less than --max-body-bytes.');
  }
  if (config.maxBytesAtOnce < config.maxBundleBytes) {
    throw new ConfigError('--max-bytes-at-once must not be less than --max-bundle-bytes.');
  }
  if ((config.tlsCert === undefined) !== (config.tlsKey === undefined)) throw new ConfigError('--tls-cert and --tls-key go together.');
  if (config.members % 2 === 0) throw new ConfigError('--members must be odd: an even replica set gains no safety.');
}

/** True if the gateway brings its own authorization server. */
export function hasOwnAuthorization({ authorizationServer, connect, jwksUrl }: Config): boolean {
  return authorizationServer === 'on' || (authorizationServer === 'auto' && !connect && !jwksUrl);
}

/** True if demo accounts may exist: embedded engines, and nobody but this machine can reach the gateway. */
export function hasDemo(config: Config): boolean {
  const name = new URL(config.baseUrl).hostname;
  return hasOwnAuthorization(config) && !config.connect && !config.trustForwarded && isLoopback(config.host) && isLoopback(name);
}

const isLoopback = (host: string) => /^(127(\.\d{1,3}){3}|localhost|\[?::1\]?)$/.test(host);
