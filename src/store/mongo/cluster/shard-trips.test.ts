import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../batcher.ts';
import { undecided } from '../errors.ts';
import { createShardTrips } from './shard-trips.ts';
import type { ShardState, ShardWatch } from './shard-watch.ts';

/** Two shards: `a…` and `b…`. */
function twoShards() {
  const states = new Map<string, ShardState>();
  const since = new Map<string, number>();
  const listeners = new Set<() => void>();
  const watch: ShardWatch = {
    isAllWell: () => since.size === 0,
    ownerOf: (id) => `shard_${id[0]}`,
    stateOf: (shard) => states.get(shard) ?? 'read-write',
    unwellSince: (shard) => since.get(shard),
    unwell: () => [...since.keys()],
    ranges: () => [],
    onChange: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    suspect: () => undefined,
    close: async () => undefined,
  };
  const become = (shard: string, state: ShardState, agoMs = 0) => {
    states.set(shard, state);
    if (state === 'read-write') since.delete(shard);
    else since.set(shard, performance.now() - agoMs);
    for (const listener of [...listeners]) listener();
  };
  return { trips: createShardTrips(watch), become };
}

const itself = (id: string) => id;
const done = (items: readonly string[]) => items.map((item): Outcome<string> => ({ ok: item }));
const resultOf = (outcome: Outcome<string> | undefined) => (outcome && 'later' in outcome ? outcome.later : outcome);

describe('trips to shards', () => {
  test('all shards well: one command', async () => {
    const { trips } = twoShards();
    const sent: (readonly string[])[] = [];
    const outcomes = await trips.write(['a1', 'b1'], itself, async (items) => {
      sent.push(items);
      return done(items);
    });
    expect(sent).toEqual([['a1', 'b1']]);
    expect(outcomes).toEqual([{ ok: 'a1' }, { ok: 'b1' }]);
  });

  test('a shard without a primary: the others’ writes go on, its own wait for the primary', async () => {
    const { trips, become } = twoShards();
    become('shard_b', 'read-only');
    const [a, b] = await trips.write(['a1', 'b1'], itself, async (items) => done(items));
    expect(await resultOf(a)).toBe('a1');
    setTimeout(() => become('shard_b', 'read-write'), 50);
    expect(await resultOf(b)).toBe('b1');
  });

  test('a shard that has been without one for long: its writes are refused at once, by its name', async () => {
    const { trips, become } = twoShards();
    become('shard_b', 'read-only', 60_000);
    const [a, b] = await trips.write(['a1', 'b1'], itself, async (items) => done(items));
    expect(await resultOf(a)).toBe('a1');
    await expect(resultOf(b)).rejects.toMatchObject({
      status: 503,
      message: expect.stringContaining('shard_b'),
      headers: { 'Retry-After': '2' },
    });
    expect(await trips.untilWritable(['a1'])).toBeUndefined();
    await expect(trips.untilWritable(['a1', 'b1'])).rejects.toMatchObject({ status: 503 });
  });

  test('a command that hangs when its shard’s primary is lost is given up and sent again in parts', async () => {
    const { trips, become } = twoShards();
    let calls = 0;
    const trip = trips.write(['a1', 'b1'], itself, (items) =>
      ++calls === 1 ? new Promise(() => undefined) : Promise.resolve(done(items)),
    );
    become('shard_b', 'down');
    setTimeout(() => become('shard_b', 'read-write'), 400);
    const outcomes = await trip;
    expect(await Promise.all(outcomes.map(resultOf))).toEqual(['a1', 'b1']);
    expect(calls).toBe(3);
  });

  test('a passing failure is tried again, a lasting one is not', async () => {
    const { trips } = twoShards();
    let calls = 0;
    const outcomes = await trips.write(['a1'], itself, async (items) => {
      if (++calls < 3) throw undecided();
      return done(items);
    });
    expect(await Promise.all(outcomes.map(resultOf))).toEqual(['a1']);
    await expect(trips.write(['a1'], itself, async () => Promise.reject(new Error('bad')))).rejects.toThrow('bad');
  });

  test('reads go to secondaries once an election would be over; of a lost shard they are refused', async () => {
    const { trips, become } = twoShards();
    become('shard_b', 'read-only', 60_000);
    const modes: string[] = [];
    const read = async () => {
      const outcomes = await trips.read(['a1', 'b1'], itself, async (items, mode) => {
        modes.push(`${items} ${mode}`);
        return done(items);
      });
      return Promise.allSettled(outcomes.map(resultOf));
    };
    await read();
    expect(modes.sort()).toEqual(['a1 primary', 'b1 primaryPreferred']);
    expect(trips.lost()).toEqual([]);
    become('shard_b', 'down', 60_000);
    expect((await read()).map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(trips.lost()).toEqual(['shard_b']);
  });
});
