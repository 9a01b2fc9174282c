import { expect, test } from 'vitest';
import { createRequestTiming } from './request-timing.ts';

/** A clock that is moved by hand. */
function clock() {
  let ms = 0;
  return { now: () => ms, move: (by: number) => (ms += by) };
}

test('calls that overlap count once, and each request has its own clock', async () => {
  const { now, move } = clock();
  const timing = createRequestTiming(now);
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  await timing.run(async (told) => {
    move(1);
    const calls = gates.map(({ promise }) => timing.inStore(() => promise));
    move(2);
    await timing.run(async (other) => {
      expect(other()).toBe('total;dur=0, store;dur=0');
    });
    gates[0]?.resolve();
    await calls[0];
    move(3);
    expect(told()).toBe('total;dur=6, store;dur=5');
    gates[1]?.resolve();
    await calls[1];
    move(10.125);
    expect(told()).toBe('total;dur=16.13, store;dur=5');
  });
});

test('a call that fails counts too; outside a request nothing is counted', async () => {
  const { now, move } = clock();
  const timing = createRequestTiming(now);
  const failing = async () => {
    move(4);
    throw new Error('down');
  };
  await expect(timing.inStore(failing)).rejects.toThrow('down');
  await timing.run(async (told) => {
    await expect(timing.inStore(failing)).rejects.toThrow('down');
    expect(told()).toBe('total;dur=4, store;dur=4');
  });
});
