import { createHmac, hkdfSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type ConsistentStore, createReadTerms } from '../store/read-terms.ts';
import { createConsistency, type ReadPreferences } from './consistency.ts';

const secret = new Uint8Array(32).fill(7);
const PRIMARY: ReadPreferences = { read: 'primary', search: 'primary', history: 'primary', operation: 'primary' };

type State = readonly number[] | null;

/** Of a store whose states are one number each. */
function storeAt(state: State): ConsistentStore {
  const bytes = state ? Uint8Array.from(state) : undefined;
  return { latestState: () => bytes, laterState: (one, other) => ((other[0] ?? 0) > (one[0] ?? 0) ? other : one) };
}

function consistencyOf({ preferences = PRIMARY, state = [1] as State, administrative = null as State, key = secret } = {}) {
  const terms = createReadTerms();
  const stores = { clinical: storeAt(state), administrative: storeAt(administrative) };
  return { terms, ...createConsistency({ preferences, terms, stores, secret: key }) };
}

/** What a gateway takes a token for. */
async function statesIn(token: string | undefined) {
  const { terms, termsOf } = consistencyOf();
  const { clinical, administrative } =
    (await termsOf(READ, { 'consistency-token': token }, undefined)?.run(async () => terms.current()?.after)) ?? {};
  return [clinical && [...clinical], administrative && [...administrative]];
}

/** As gateways made them before tokens had a place for PostgreSQL. */
const OF_FIRST_FORM = (() => {
  const state = Uint8Array.of(1, 2, 3);
  const key = Buffer.from(hkdfSync('sha256', secret, new Uint8Array(), 'meridian consistency token 1', 32));
  return Buffer.concat([createHmac('sha256', key).update(state).digest().subarray(0, 16), state]).toString('base64url');
})();

const READ = { interaction: 'read' } as const;

describe('the consistency token', () => {
  test('brings the states to any gateway with the same secret', async () => {
    expect(await statesIn(consistencyOf({ state: [1], administrative: [2] }).token())).toEqual([[1], [2]]);
    expect(await statesIn(consistencyOf({ state: [1], administrative: null }).token())).toEqual([[1], undefined]);
    expect(await statesIn(consistencyOf({ state: null, administrative: [2] }).token())).toEqual([undefined, [2]]);
  });

  test('is sealed once for a state', () => {
    const { token } = consistencyOf();
    expect(token()).toBe(token());
    expect(consistencyOf({ state: null }).token()).toBe(undefined);
  });

  test('holds no less than the one that came, but nothing of a store that does not know what it has shown', async () => {
    const shown = { clinical: Uint8Array.of(7), administrative: Uint8Array.of(7) };
    expect(await statesIn(consistencyOf({ state: [6], administrative: [8] }).token(shown))).toEqual([[7], [8]]);
    expect(await statesIn(consistencyOf({ state: [8], administrative: null }).token(shown))).toEqual([[8], undefined]);
  });

  test('is remembered through a write, which is on no terms', () => {
    const token = consistencyOf({ state: [5] }).token();
    const { termsOf, terms } = consistencyOf();
    const onTerms = termsOf({ interaction: 'update' }, { 'consistency-token': token }, undefined);
    expect([...(onTerms?.shown?.clinical ?? [])]).toEqual([5]);
    return expect(onTerms?.run(async () => terms.current())).resolves.toBeUndefined();
  });

  test.each(['', 'x', 'not-one', '%%%', 'A'.repeat(600), OF_FIRST_FORM, consistencyOf({ key: new Uint8Array(32) }).token() ?? ''])(
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
