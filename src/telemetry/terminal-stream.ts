import type { LogSink } from './logger.ts';

const COLOURS: Readonly<Record<string, number>> = { fatal: 41, error: 31, warn: 33, info: 32, debug: 34, trace: 90 };

/** Turns pino's JSON lines into lines for people: `12:00:01.234 info  message key=value`. */
export function terminalStream(output: { write(text: string): unknown }): LogSink {
  return { write: (line) => void output.write(terminalLine(line)) };
}

/** One log line for a terminal; a line that isn't JSON stays as it is. */
export function terminalLine(line: string): string {
  try {
    const { level, time, msg, error, ...fields } = JSON.parse(line);
    const words = Object.entries(fields).map(([key, value]) => colour(90, `${key}=`) + String(value));
    return `${[colour(90, String(time).slice(11, 23)), colour(COLOURS[level] ?? 0, String(level).padEnd(5)), msg, ...words].join(' ')}\n${errorLines(error)}`;
  } catch {
    return line;
  }
}

function errorLines(error: { name: string; message?: string; stack?: string; cause?: never } | undefined): string {
  if (!error) return '';
  const { name, message, stack, cause } = error;
  return `  ${name}${message ? `: ${message}` : ''}\n${stack ? `${stack}\n` : ''}${errorLines(cause)}`;
}

function colour(code: number, text: string): string {
  return `\u001b[${code}m${text}\u001b[0m`;
}
