import { expect, test } from 'vitest';
import { createStartedParts, StartInterrupted } from './started-parts.ts';

test('parts stop in reverse order, each with what it became', async () => {
  const stopped: string[] = [];
  const parts = createStartedParts();
  expect(
    await parts.start(
      'a',
      () => 'A',
      (part) => stopped.push(part),
    ),
  ).toBe('A');
  await parts.start(
    'b',
    async () => 'B',
    (part) => stopped.push(part),
  );
  await parts.stop(() => expect.unreachable());
  await parts.stop(() => expect.unreachable());
  expect(stopped).toEqual(['B', 'A']);
});

test('a part that does not stop is told of and does not keep the others running', async () => {
  const stopped: string[] = [];
  const failed: string[] = [];
  const parts = createStartedParts();
  await parts.start(
    'a',
    () => 'A',
    (part) => stopped.push(part),
  );
  await parts.start(
    'b',
    () => 'B',
    () => Promise.reject(new Error('no')),
  );
  await parts.stop((name) => failed.push(name));
  expect({ stopped, failed }).toEqual({ stopped: ['A'], failed: ['b'] });
});

test('an interrupted start goes no further, and the part under way is stopped too', async () => {
  const stopped: string[] = [];
  const parts = createStartedParts();
  const starting = parts.start(
    'slow',
    () => Promise.resolve('S'),
    (part) => stopped.push(part),
  );
  parts.interrupt();
  await expect(starting).rejects.toThrow(StartInterrupted);
  await expect(
    parts.start(
      'next',
      () => expect.unreachable(),
      () => undefined,
    ),
  ).rejects.toThrow(StartInterrupted);
  await parts.stop(() => expect.unreachable());
  expect(stopped).toEqual(['S']);
});

test('a part that fails to start is not stopped', async () => {
  const parts = createStartedParts();
  await expect(
    parts.start(
      'a',
      () => Promise.reject(new Error('no')),
      () => expect.unreachable(),
    ),
  ).rejects.toThrow('no');
  await parts.stop(() => expect.unreachable());
});
