import { expect, test } from 'vitest';
import { CommitRefused } from '../store/store.ts';
import { untilUndisturbed } from './retry.ts';

test('starts again until nothing comes in between', async () => {
  let left = 4;
  const work = async () => {
    if (left-- > 0) throw new CommitRefused('version', { type: 'Patient', id: '1' });
    return 'done';
  };
  await expect(untilUndisturbed(work)).resolves.toBe('done');
});

test('gives up with 409 that names the resource', async () => {
  const work = () => Promise.reject(new CommitRefused('version', { type: 'Patient', id: '1' }));
  await expect(untilUndisturbed(work)).rejects.toMatchObject({ status: 409, message: expect.stringContaining('Patient/1') });
});

test('lets a repeated request and other errors through', async () => {
  await expect(untilUndisturbed(() => Promise.reject(new CommitRefused('idempotency')))).rejects.toBeInstanceOf(CommitRefused);
  await expect(untilUndisturbed(() => Promise.reject(new TypeError('x')))).rejects.toBeInstanceOf(TypeError);
});
