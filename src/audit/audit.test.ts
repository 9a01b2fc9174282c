import { describe, expect, test, vi } from 'vitest';
import { FhirError } from '../model/error.ts';
import { createAudit } from './audit.ts';
import { QueueRefused } from './queue.ts';
import { type AuditRecord, parseRecord } from './record.ts';

const recordOf = (request: string): Omit<AuditRecord, 'recorded'> => ({
  interaction: 'read',
  status: 200,
  request,
  client: 'app',
  subject: 'app',
  issuer: 'us',
  address: '127.0.0.1',
  entities: [],
  patients: [],
  query: '',
  note: '',
});

/** `writes`: what came with each write, by request. */
function auditOn({ isRefused = (): boolean => false, times = [1_000] as number[], maxBytes = 1_000 } = {}) {
  const writes: string[][] = [];
  const recorded: number[] = [];
  const queue = {
    waiting: 0,
    append(...lines: readonly string[]) {
      if (isRefused()) throw new QueueRefused('is full');
      const records = lines.map(parseRecord);
      writes.push(records.map(({ request }) => request));
      recorded.push(...records.map((record) => record.recorded));
    },
  };
  const now = () => times.shift() ?? 1_000;
  return { audit: createAudit({ queue, maxBytes, now, log: vi.fn() }), queue, writes, recorded };
}

describe('requests that end at one moment', () => {
  test('are kept by one write, in their order, and each is told only then', async () => {
    const { audit, writes } = auditOn();
    const told: number[] = [];
    const all = ['a', 'b', 'c'].map((request) => audit.keepTogether(recordOf(request)).then(() => told.push(writes.length)));
    expect(writes).toEqual([]);
    await Promise.all(all);
    expect(writes).toEqual([['a', 'b', 'c']]);
    expect(told).toEqual([1, 1, 1]);
  });

  test('also when they come to it by promises that one message settled', async () => {
    const { audit, writes } = auditOn();
    const answer = Promise.resolve();
    const comes = async (steps: number, request: string) => {
      for (let step = 0; step < steps; step++) await answer;
      await audit.keepTogether(recordOf(request));
    };
    await new Promise((resolve) => setImmediate(resolve));
    await Promise.all([comes(1, 'a'), comes(5, 'b'), comes(9, 'c')]);
    expect(writes).toEqual([['a', 'b', 'c']]);
  });

  test('are all refused where the write is, and so is work from then on', async () => {
    const { audit, writes } = auditOn({ isRefused: () => true });
    const ends = await Promise.allSettled([audit.keepTogether(recordOf('a')), audit.keepTogether(recordOf('b'))]);
    expect(ends.map((end) => end.status === 'rejected' && end.reason instanceof FhirError && end.reason.status)).toEqual([503, 503]);
    expect(writes).toEqual([]);
    expect(() => audit.check()).toThrow(FhirError);
  });

  test('are followed by those of the next moment, whatever became of them', async () => {
    let isRefused = true;
    const { audit, writes } = auditOn({ isRefused: () => isRefused });
    await expect(audit.keepTogether(recordOf('a'))).rejects.toThrow(FhirError);
    isRefused = false;
    await audit.keepTogether(recordOf('b'));
    expect(writes).toEqual([['b']]);
  });
});

test('what is kept at once comes behind what waits, and time never goes back', async () => {
  const { audit, writes, recorded } = auditOn({ times: [3_000, 2_000, 4_000] });
  const first = audit.keepTogether(recordOf('a'));
  audit.keep(recordOf('b'));
  expect(writes).toEqual([['a'], ['b']]);
  await Promise.all([first, audit.keepTogether(recordOf('c'))]);
  expect(writes).toEqual([['a'], ['b'], ['c']]);
  expect(recorded).toEqual([3_000, 3_000, 4_000]);
});

test('work is refused when more waits than there is room for', () => {
  const { audit, queue } = auditOn({ maxBytes: 10 });
  audit.check();
  queue.waiting = 10;
  expect(() => audit.check()).toThrow(FhirError);
});
