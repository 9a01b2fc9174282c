import { describe, expect, test } from 'vitest';
import { equalsQuery, lexemeOf, prefixQuery } from './lexeme.ts';

describe('a lexeme', () => {
  test('is the entry, or its beginning and a hash', () => {
    expect(lexemeOf('Claim.status=active')).toBe('Claim.status=active');
    const [long, other] = [`${'é'.repeat(600)}a`, `${'é'.repeat(600)}b`];
    expect(Buffer.byteLength(lexemeOf(long))).toBeLessThan(2046);
    expect(lexemeOf(long)).not.toBe(lexemeOf(other));
    expect(lexemeOf('\u{1F600}'.repeat(400)).isWellFormed()).toBe(true);
  });

  test('holds no NUL', () => {
    expect(() => lexemeOf('a\0b')).toThrow(/U\+0000/);
  });

  test('is quoted in a query', () => {
    expect(equalsQuery(`a'b\\c`)).toBe(`'a''b\\\\c'`);
    expect(prefixQuery('Account.name=50%_')).toBe(`'Account.name=50%_':*`);
  });
});
