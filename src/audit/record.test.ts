import { describe, expect, test } from 'vitest';
import { type AuditRecord, outcomeOf, parseRecord, recordedAt, recordText } from './record.ts';

const record: AuditRecord = {
  recorded: Date.UTC(2026, 10, 21),
  interaction: 'read',
  status: 200,
  request: 'r-1',
  client: 'app',
  subject: 'dr-smith',
  issuer: 'https://idp.test',
  address: '127.0.0.1',
  entities: ['Observation/1/_history/2'],
  patients: ['1', '2'],
  query: '',
  note: '',
};

describe('a record as a line of text', () => {
  test('is read as it was written', () => {
    expect(parseRecord(recordText(record))).toEqual(record);
    expect(recordedAt(recordText(record))).toBe(record.recorded);
  });

  test('has nothing about what there is nothing about', () => {
    const empty = { ...record, interaction: '', issuer: '', address: '', entities: [], patients: [] };
    expect(parseRecord(recordText(empty))).toEqual(empty);
  });

  test.each(['\t', '\n', '\r', '\\', '\u0000', '\\t', 'a\tb\nc\\d\r\u0000e', '\\\\n', 'ü𝄞'])(
    'survives %j in what callers choose',
    (text) => {
      const hostile = { ...record, client: text, subject: `s${text}`, issuer: text, query: `GET Patient?name=${text}`, note: text };
      const line = recordText(hostile);
      for (const end of ['\n', '\r', '\u0000']) expect(line).not.toContain(end);
      expect(parseRecord(line)).toEqual(hostile);
    },
  );

  test('keeps the start of a query that is too long', () => {
    const { query } = parseRecord(recordText({ ...record, query: 'x'.repeat(100_000) }));
    expect(query).toBe('x'.repeat(65_536));
  });

  test('that somebody else wrote is refused', () => {
    expect(() => parseRecord('1\t2\t3')).toThrow('not a record');
    expect(() => parseRecord(recordText(record).replace('1\t', '2\t'))).toThrow('not a record');
  });
});

test.each([
  [200, '0'],
  [304, '0'],
  [404, '4'],
  [401, '8'],
  [403, '8'],
  [503, '12'],
])('status %d is outcome %s', (status, outcome) => {
  expect(outcomeOf(status)).toBe(outcome);
});
