import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { createLogger, type LogLevel } from './logger.ts';
import { terminalLine } from './terminal-stream.ts';

function logInto(level: LogLevel = 'info') {
  const lines: string[] = [];
  return { lines, log: createLogger({ level, sink: { write: (line) => lines.push(line) } }) };
}

describe('logger', () => {
  test('writes one JSON object a line', () => {
    const { lines, log } = logInto();
    log.with({ requestId: 'r1' }).info('answered', { status: 200, durationMs: 1.5 });
    expect(lines).toHaveLength(1);
    const line = JSON.parse(lines[0] ?? '');
    expect(line).toMatchObject({ level: 'info', requestId: 'r1', status: 200, durationMs: 1.5, msg: 'answered' });
    expect(new Date(line.time).getTime()).toBeGreaterThan(Date.now() - 60_000);
  });

  test('leaves out what is below its level', () => {
    const { lines, log } = logInto('warn');
    log.info('no');
    log.warn('yes');
    expect(lines.map((line) => JSON.parse(line).msg)).toEqual(['yes']);
    expect(log.enabled('info')).toBe(false);
  });

  test('keeps our own error messages and causes', () => {
    const { lines, log } = logInto();
    log.error('failed', { error: new TypeError('no such thing', { cause: new RangeError('too far') }) });
    expect(JSON.parse(lines[0] ?? '').error).toMatchObject({ name: 'TypeError', message: 'no such thing', cause: { name: 'RangeError' } });
  });

  test.each([
    Object.assign(new Error('E11000 duplicate key { _id: "Smith" }'), { name: 'MongoServerError', code: 11000 }),
    Object.assign(new Error('invalid input syntax for type date: "Smith"'), { name: 'error', code: '22007', detail: 'Smith' }),
    new SyntaxError('Unexpected token S in JSON, "Smith" is not valid JSON'),
  ])('never logs the message of an error that quotes data: $name', (error) => {
    const { lines, log } = logInto();
    log.error('failed', { error });
    expect(lines[0]).not.toContain('Smith');
    expect(JSON.parse(lines[0] ?? '').error.stack).toContain('logger.test.ts');
  });
});

describe('on a terminal', () => {
  test('a line is short', () => {
    const line = terminalLine('{"level":"warn","time":"2026-01-02T03:04:05.678Z","store":"shard_0","msg":"primary lost"}\n');
    expect(stripVTControlCharacters(line)).toBe('03:04:05.678 warn  primary lost store=shard_0\n');
  });

  test('what is not JSON stays', () => {
    expect(terminalLine('hello\n')).toBe('hello\n');
  });
});
