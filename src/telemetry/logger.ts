/**
 * Structured logs: one JSON object a line on standard error, or short coloured lines on a terminal.
 *
 * Logs hold no health data. So fields are primitives with fixed names, never resources, bodies, URLs with a query or driver
 * messages: a duplicate-key error quotes the key, a failed cast quotes the value.
 */
import pino from 'pino';
import { describeError } from './describe-error.ts';
import { terminalStream } from './terminal-stream.ts';

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';

/** What may stand in a log line beside its message. */
interface LogFields {
  readonly requestId?: string;
  /** A client's id from its token, not a person. */
  readonly client?: string;
  readonly method?: string;
  /** The route's pattern (`/:type/:id`), never the URL itself: ids and queries tell about patients. */
  readonly route?: string;
  /** A code of restful-interaction, or the name of an operation. */
  readonly interaction?: string;
  readonly resourceType?: string;
  readonly status?: number;
  readonly durationMs?: number;
  readonly bytes?: number;
  readonly count?: number;
  /** The engine or store that this is about: `shard_0`, `postgres`, `router`. */
  readonly store?: string;
  /** A two-phase transaction's global id. */
  readonly gid?: string;
  readonly pid?: number;
  readonly signal?: string;
  /** Reduced to name, code and stack; the message only if it is one of ours. */
  readonly error?: unknown;
}

export interface Logger {
  fatal(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  trace(message: string, fields?: LogFields): void;
  /** False when a line of that level would go nowhere: saves making its fields. */
  enabled(level: LogLevel): boolean;
  /** The same log with these fields on every line. */
  with(fields: LogFields): Logger;
}

/** Where lines go; `write` gets one line with its end. */
export interface LogSink {
  write(line: string): void;
}

interface LoggerOptions {
  readonly level: LogLevel;
  /** Default: standard error, as JSON or, on a terminal, as short lines. */
  readonly sink?: LogSink;
}

/** A log of the whole process; `with` makes one for a request. */
export function createLogger({ level, sink = standardError() }: LoggerOptions): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return wrap(pino(options, sink));
}

function standardError(): LogSink {
  // Written at once: the last lines before a crash are the ones that matter.
  return process.stderr.isTTY ? terminalStream(process.stderr) : pino.destination({ fd: 2, sync: true });
}

function wrap(log: pino.Logger): Logger {
  const at = (level: pino.Level) => (message: string, fields?: LogFields) => {
    if (log.isLevelEnabled(level)) log[level](plain(fields), message);
  };
  return {
    fatal: at('fatal'),
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    debug: at('debug'),
    trace: at('trace'),
    enabled: (level) => log.isLevelEnabled(level),
    with: (fields) => wrap(log.child(plain(fields))),
  };
}

function plain(fields: LogFields | undefined): object {
  if (fields?.error === undefined) return fields ?? {};
  return { ...fields, error: describeError(fields.error) };
}
