/** The process: configuration, lock, engines, gateway, a ready line; and all of it backwards on a signal or a crash. */
import { relative, resolve } from 'node:path';
import { DEMO_LOGINS, DEMO_PASSWORD } from './authorization/demo.ts';
import { hasDemo, loadConfig } from './config/load.ts';
import { type Config, OPTIONS } from './config/options.ts';
import { type Engines, startEngines } from './embedded/engines.ts';
import { lockDataDir } from './embedded/lock.ts';
import { makeTemporaryData, removeTemporaryData } from './embedded/temporary-data.ts';
import { createGateway } from './gateway.ts';
import { checkTls } from './http/tls.ts';
import { assertPortFree } from './lifecycle/port.ts';
import { onStopSignal } from './lifecycle/signals.ts';
import { createStartedParts, type StartedParts, StartInterrupted } from './lifecycle/started-parts.ts';
import { createLogger, type Logger } from './telemetry/logger.ts';

/** What has not stopped by then is left to the engines' guardians. */
const STOP_WITHIN_MS = 9_500;
/** Of the time to stop, what the engines and stores need after the requests have ended. */
const STOP_STORES_WITHIN_MS = 5_000;

/** Starts everything; the base URL. */
async function start(config: Config, parts: StartedParts): Promise<string> {
  const removeData = () => config.ephemeral && !config.connect && removeTemporaryData(config.dataDir);
  await parts.start('data folder', () => undefined, removeData);
  await assertPortFree(config.host, config.port);
  if (config.tlsCert && config.tlsKey) checkTls({ certFile: config.tlsCert, keyFile: config.tlsKey });
  const engines = config.connect ? undefined : await startEmbedded(config, parts);
  const stores = engines ? { ...config, mongodbUri: engines.mongodbUri, databaseUrl: engines.databaseUrl } : config;
  say('Gateway: definitions and migrations');
  const gateway = await parts.start(
    'gateway',
    () => createGateway(stores, engines && { drill: engines.drill }),
    (running) => running.close(),
  );
  return (await gateway.listen()).url;
}

async function startEmbedded(config: Config, parts: StartedParts): Promise<Engines> {
  await parts.start(
    'lock',
    () => lockDataDir(config.dataDir, config.baseUrl),
    (release) => release(),
  );
  return parts.start(
    'engines',
    () => startEngines(config, say),
    (engines) => engines.stop(),
  );
}

/** Stops what was started, and what is still `starting`, and ends the process. */
async function end(parts: StartedParts, log: Logger, stop: Stop, starting?: Promise<unknown>): Promise<never> {
  parts.interrupt();
  setTimeout(
    () => {
      log.error('not everything stopped in time');
      process.exit(1);
    },
    Math.max(STOP_WITHIN_MS, stop.drainTimeoutMs + STOP_STORES_WITHIN_MS),
  );
  await starting?.catch(() => undefined);
  await parts.stop((store, error) => log.error('could not stop', { store, error }));
  process.exit(stop.exitCode);
}

interface Stop {
  readonly exitCode: number;
  readonly drainTimeoutMs: number;
}

function readConfig(): Config {
  const config = loadConfig(process.argv.slice(2), process.env);
  return config.ephemeral && !config.connect ? { ...config, dataDir: makeTemporaryData() } : config;
}

/** How to get a token for this very gateway, wherever its settings come from: TLS by a variable makes another address. */
function tokenCommand({ port, dataDir, baseUrl, issuer, audience }: Config): string {
  const folder = relative('.', dataDir);
  const plain = loadConfig(['--port', String(port)], {});
  const flags = plain.baseUrl === baseUrl ? ['--port', String(port)] : ['--base-url', baseUrl];
  const made = loadConfig(flags, {});
  return [
    "npm run -s token -- --scope 'system/*.cruds'",
    ...(port === OPTIONS.port.default && plain.baseUrl === baseUrl ? [] : flags),
    ...(made.issuer === issuer ? [] : ['--issuer', issuer]),
    ...(made.audience === audience ? [] : ['--audience', audience]),
    ...(dataDir === resolve(OPTIONS.dataDir.default) ? [] : ['--data-dir', folder.startsWith('..') ? dataDir : folder]),
  ].join(' ');
}

function say(line: string): void {
  process.stderr.write(`· ${line}\n`);
}

async function main(): Promise<void> {
  const config = readConfig();
  const log = createLogger({ level: config.logLevel });
  const parts = createStartedParts();
  const crash = (error: unknown) => {
    log.fatal('unexpected error', { error });
    void end(parts, log, { ...config, exitCode: 1 });
  };
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);
  const starting = start(config, parts);
  onStopSignal((signal) => {
    say(`Stopping (${signal})`);
    void end(parts, log, { ...config, exitCode: 0 }, starting);
  });
  try {
    const url = await starting;
    if (hasDemo(config))
      process.stdout.write(`Demo log-ins, for this machine alone: ${DEMO_LOGINS.join(', ')} (password ${DEMO_PASSWORD}).\n`);
    process.stdout.write(`Meridian is ready at ${url} (${process.uptime().toFixed(1)} s). A token: ${tokenCommand(config)}\n`);
  } catch (error) {
    if (error instanceof StartInterrupted) return;
    process.stderr.write(`✗ ${(error as Error).message}\n`);
    log.debug('could not start', { error });
    await end(parts, log, { ...config, exitCode: 1 });
  }
}

await main().catch((error: Error) => {
  process.stderr.write(`✗ ${error.message}\n`);
  process.exitCode = 1;
});
