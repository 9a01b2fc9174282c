import { describe, expect, test } from 'vitest';
import { decimalText, parseDecimal } from '../model/decimal.ts';
import { group, parametersAnswer, part } from './answer.ts';
import { textOfResource } from './text-table.ts';

const textOf = (...parts: Parameters<typeof parametersAnswer>[0]) => {
  const { body } = parametersAnswer(parts);
  return body?.kind === 'fhir' ? textOfResource(body.text) : undefined;
};

describe('Parameters as plain text', () => {
  test('groups of values make a table; numbers stand right and keep their digits', () => {
    const text = textOf(
      part('count', 3),
      group('group', [
        part('status', 'active'),
        part('count', 2),
        part('unit', 'USD'),
        part('sum', parseDecimal('12345678901234567890.25')),
      ]),
      group('group', [part('status', 'cancelled'), part('count', 1)]),
    );
    expect(text).toBe(
      [
        'count: 3',
        '',
        'status     count  unit                      sum',
        '---------  -----  ----  -----------------------',
        'active         2  USD   12345678901234567890.25',
        'cancelled      1',
        '',
      ].join('\n'),
    );
    expect(decimalText(parseDecimal('12345678901234567890.25'))).toBe('12345678901234567890.25');
  });

  test('groups of groups are indented', () => {
    const text = textOf(
      group('shard', [part('name', 'shard_0'), group('range', [part('min', 'MinKey')]), group('range', [part('min', '004')])]),
    );
    expect(text).toBe(['', 'shard', '  name: shard_0', '', '  min', '  ------', '  MinKey', '  004', ''].join('\n'));
  });

  test('a control character in a value draws nothing', () => {
    expect(textOf(part('a', 'x\ny\u001b[31m'))).toBe('a: x y [31m\n');
  });

  test('an OperationOutcome is a line for each issue; other resources have no text', () => {
    const issue = [{ severity: 'error', code: 'value', diagnostics: 'no' }];
    expect(textOfResource(JSON.stringify({ resourceType: 'OperationOutcome', issue }))).toBe('error (value): no\n');
    expect(textOfResource('{"resourceType":"Bundle"}')).toBeUndefined();
  });
});
