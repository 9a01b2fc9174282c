import { describe, expect, test } from 'vitest';
import { createReadTerms } from '../store/read-terms.ts';
import { createConsistency, type ReadPreferences } from './consistency.ts';

const secret = new Uint8Array(32).fill(7);
const PRIMARY: ReadPreferences = { read: 'primary', search: 'primary', history: 'primary', operation: 'primary' };

function consistencyOf({ preferences = PRIMARY, state = [1, 2, 3] as readonly number[] | null, key = secret } = {}) {
  const terms = createReadTerms();
  const bytes = state ? Uint8Array.from(state) : undefined;
  return { terms, ...createConsistency({ preferences, terms, latestState: () => bytes, secret: key }) };
}

const READ = { interaction: 'read' } as const;

describe('the consistency token', () => {
  test('brings the state to any gateway with the same secret', async () => {
    const token = consistencyOf().token() ?? '';
    const other = consistencyOf({ state: [9] });
    const onTerms = other.termsOf(READ, { 'consistency-token': token }, undefined);
    expect(await onTerms?.run(async () => [...(other.terms.current()?.after ?? [])])).toEqual([1, 2, 3]);
  });

  test('is sealed once for a state', () => {
    const { token } = consistencyOf();
    expect(token()).toBe(token());
    expect(consistencyOf({ state: null }).token()).toBe(undefined);
  });

  test.each(['', 'x', 'not-one', '%%%', 'A'.repeat(600), consistencyOf({ key: new Uint8Array(32) }).token() ?? ''])(
    'is refused by name when it is "%s"',
    (token) => {
      for (const interaction of ['read', 'update'] as const)
        expect(() => consistencyOf().termsOf({ interaction }, { 'consistency-token': token }, undefined)).toThrow('Consistency-Token');
    },
  );
});

describe('read preferences', () => {
  const preferences: ReadPreferences = { read: 'nearest', search: 'secondaryPreferred', history: 'primaryPreferred', operation: 'nearest' };

  test.each([
    ['read', undefined, 'nearest'],
    ['vread', undefined, 'nearest'],
    ['search-type', undefined, 'secondaryPreferred'],
    ['search-system', undefined, 'secondaryPreferred'],
    ['history-instance', undefined, 'primaryPreferred'],
    ['operation', true, 'nearest'],
    ['operation', false, undefined],
    ['update', undefined, undefined],
    ['patch', undefined, undefined],
    ['delete', undefined, undefined],
    ['create', undefined, undefined],
    ['batch', undefined, undefined],
  ] as const)('of %s (reading: %s) is %s', async (interaction, isReading, expected) => {
    const { terms, termsOf } = consistencyOf({ preferences });
    const preference = await termsOf({ interaction }, {}, isReading)?.run(async () => terms.current()?.preference);
    expect(preference).toBe(expected);
  });

  test('cost nothing where everything is read from the primary', () => {
    expect(consistencyOf().termsOf(READ, {}, undefined)).toBe(undefined);
  });

  test('end with the request', async () => {
    const { terms, termsOf } = consistencyOf({ preferences });
    const ended: string[] = [];
    await termsOf(READ, {}, undefined)?.run(async () => terms.current()?.onEnd(() => ended.push('ended')));
    expect([ended, terms.current()]).toEqual([['ended'], undefined]);
  });
});
