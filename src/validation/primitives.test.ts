import { describe, expect, test } from 'vitest';
import { primitiveCheck } from './primitives.ts';

const LONG = 'x'.repeat(1024 * 1024);

const CASES: Record<string, { right: unknown[]; wrong: unknown[] }> = {
  boolean: { right: [true, false], wrong: ['true', 1, {}] },
  decimal: { right: [0, -1.5, 1e300], wrong: ['1', Number.POSITIVE_INFINITY, {}] },
  integer: { right: [0, -2147483648, 2147483647], wrong: [1.5, 2147483648, -2147483649, '1'] },
  unsignedInt: { right: [0, 2147483647], wrong: [-1, 0.5, 2147483648] },
  positiveInt: { right: [1, 2147483647], wrong: [0, -1] },
  string: { right: ['x', ' ', 'é\t\r\n', '\u{1f600}', LONG], wrong: ['', 'a\u0000b', '\u001b', `${LONG}x`, 1, true] },
  markdown: { right: ['# x\n'], wrong: ['', '\u0007'] },
  code: { right: ['a', 'a b', 'a-b.c'], wrong: [' a', 'a ', 'a  b', '', '\t'] },
  id: { right: ['a', 'A-1.b', 'x'.repeat(64)], wrong: ['a_b', 'a/b', '', 'x'.repeat(65), 'é', 7] },
  uri: { right: ['http://e.org', 'urn:oid:1.2', 'x', '#a'], wrong: ['a b', '', 'a\n'] },
  url: { right: ['http://e.org'], wrong: ['a b'] },
  canonical: { right: ['http://e.org/x|1.0'], wrong: ['http://e.org/x |1.0'] },
  oid: { right: ['urn:oid:1.2.3', 'urn:oid:2.0'], wrong: ['1.2.3', 'urn:oid:3.1', 'urn:oid:1.02', 'urn:oid:1.'] },
  uuid: {
    right: ['urn:uuid:c757873d-ec9a-4326-a141-556f43239520'],
    wrong: ['c757873d-ec9a-4326-a141-556f43239520', 'urn:uuid:C757873D-ec9a-4326-a141-556f43239520'],
  },
  base64Binary: {
    right: ['AA==', 'AAA=', 'AAAA', 'AA\n AA', 'A'.repeat(4_000_000)],
    wrong: ['', ' ', 'A', 'AAA', 'A===', '=AAA', 'A-A_', `${'A '.repeat(100_000)}!`],
  },
  date: {
    right: ['2024', '2024-02', '2024-02-29', '0001-01-01', '2000-02-29'],
    wrong: ['0000', '24', '2024-13', '2024-00', '2023-02-29', '1900-02-29', '2024-04-31', '2024-1-1', '2024-01-01T00:00:00Z', '2024-02-'],
  },
  dateTime: {
    right: ['2024', '2024-02-29', '2024-02-29T23:59:60Z', '2024-01-01T00:00:00.123456789-05:00', '2024-01-01T00:00:00+14:00'],
    wrong: [
      '2024-02-30',
      '2023-02-29T00:00:00Z',
      '2024-01-01T00:00:00',
      '2024-01-01T00:00Z',
      '2024-01-01T24:00:00Z',
      '2024-01-01T00:00:00+14:30',
      '2024-01-01 00:00:00Z',
      '2024-01T00:00:00Z',
      2024,
    ],
  },
  instant: {
    right: ['2024-02-29T00:00:00Z', '2024-01-01T00:00:00.1+01:00'],
    wrong: ['2024-02-29', '2024-01-01T00:00:00', '2024-02-30T00:00:00Z', '2024'],
  },
  time: { right: ['00:00:00', '23:59:59.999'], wrong: ['24:00:00', '12:00', '12:60:00', '12:00:00Z'] },
};

describe('primitives (https://hl7.org/fhir/R4/datatypes.html#primitive)', () => {
  for (const [type, { right, wrong }] of Object.entries(CASES)) {
    const check = primitiveCheck(type);
    test.each(right)(`${type} may be %j`, (value) => {
      expect(check?.(value)).toBeUndefined();
    });
    test.each(wrong)(`${type} may not be %j`, (value) => {
      expect(check?.(value)).toBeDefined();
    });
  }

  test('messages name what is wrong, and cut long values', () => {
    expect(primitiveCheck('date')?.('2023-02-29')).toEqual({
      code: 'value',
      says: '"2023-02-29" is not a date that exists: YYYY, YYYY-MM or YYYY-MM-DD',
    });
    expect(primitiveCheck('string')?.('a\u0000')).toEqual({
      code: 'value',
      says: 'the control character U+0000 at position 1 is not allowed',
    });
    expect(primitiveCheck('id')?.('_'.repeat(1000))?.says.length).toBeLessThan(140);
  });

  test('take time in proportion to the length', () => {
    const hostile = [
      '1'.repeat(200_000),
      'a '.repeat(100_000),
      `urn:oid:1${'.1'.repeat(100_000)}x`,
      `${'A\n'.repeat(100_000)}=`,
      ' '.repeat(200_000),
    ];
    const start = performance.now();
    for (const type of Object.keys(CASES)) for (const value of hostile) primitiveCheck(type)?.(value);
    expect(performance.now() - start).toBeLessThan(1000);
  });
});
