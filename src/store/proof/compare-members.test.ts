import { describe, expect, test } from 'vitest';
import { compareMembers, differencesIn, type KeyedDigest, verdictOn } from './compare-members.ts';
import { type MemberReading, MOST_DIVERGENCES } from './proof.ts';

const reading = (host: string, digests: Readonly<Record<string, string>>): MemberReading => ({
  host,
  ranges: Object.entries(digests).map(([range, digest]) => ({ collection: 'resources', range, documents: 1, digest })),
});

async function* entries(documents: Readonly<Record<string, string>>): AsyncGenerator<KeyedDigest> {
  for (const [id, digest] of Object.entries(documents)) yield { id, digest };
}

const differing = [{ collection: 'resources', range: '00a' }];

describe('members side by side', () => {
  test.each([
    ['equal', [reading('a', { '000': 'x' }), reading('b', { '000': 'x' })], []],
    ['diverging', [reading('a', { '000': 'x', '001': 'y' }), reading('b', { '000': 'x', '001': 'z' })], ['001']],
    ['diverging', [reading('a', { '000': 'x', '001': 'y' }), reading('b', { '000': 'x' })], ['001']],
    ['diverging', [reading('a', {}), reading('b', { '000': 'x' })], ['000']],
    ['incomplete', [reading('a', { '000': 'x' }), { host: 'b', problem: 'away' }], []],
    ['alone', [reading('a', { '000': 'x' })], []],
    ['incomplete', [{ host: 'a', problem: 'away' }], []],
  ] as const)('are %s', (verdict, readings, ranges) => {
    const compared = compareMembers(readings);
    expect(compared.differing.map(({ range }) => range)).toEqual(ranges);
    expect(verdictOn(compared, [])).toBe(verdict);
  });

  test('have the same digest exactly if they have the same ranges', () => {
    const { members } = compareMembers([reading('a', { '000': 'x' }), reading('b', { '001': 'x' }), reading('c', { '000': 'x' })]);
    expect(members[0]?.digest).toBe(members[2]?.digest);
    expect(members[0]?.digest).not.toBe(members[1]?.digest);
  });

  test('differ by what has another digest and by what one of them lacks, in the order of bytes', async () => {
    const { divergences, isCut } = await differencesIn(differing, () => [
      { host: 'a', entries: entries({ a: '1', b: '1', d: '1', z: '1' }) },
      { host: 'b', entries: entries({ a: '1', b: '2', c: '1', z: '1', é: '1' }) },
    ]);
    expect(isCut).toBe(false);
    expect(divergences.map(({ id, members }) => [id, ...members.map(({ digest }) => digest)])).toEqual([
      ['b', '1', '2'],
      ['c', undefined, '1'],
      ['d', '1', undefined],
      ['é', undefined, '1'],
    ]);
  });

  test('are named up to a hundred, and it is said that there are more', async () => {
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`k${String(n).padStart(3, '0')}`, '1']));
    const { divergences, isCut } = await differencesIn(differing, () => [
      { host: 'a', entries: entries(many) },
      { host: 'b', entries: entries({}) },
    ]);
    expect([divergences.length, isCut]).toEqual([MOST_DIVERGENCES, true]);
  });
});
