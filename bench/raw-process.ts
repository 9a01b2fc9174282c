/** Starts the raw drivers' process and hands it jobs. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Timing } from './measure.ts';
import type { RawAnswer, RawJob } from './raw-drivers.ts';

export interface RawDrivers {
  readonly pid: number;
  run(job: RawJob): Promise<Timing>;
  stop(): Promise<void>;
}

export async function startRawDrivers(engines: { mongodbUri: string; databaseUrl: string }): Promise<RawDrivers> {
  const child = fork(join(import.meta.dirname, 'raw-drivers.ts'), {
    env: { ...process.env, BENCH_MONGODB_URI: engines.mongodbUri, BENCH_DATABASE_URL: engines.databaseUrl },
  });
  await nextAnswer(child);
  return {
    pid: child.pid ?? 0,
    async run(job) {
      child.send(job);
      const answer = await nextAnswer(child);
      if (!('timing' in answer)) throw new Error('the raw drivers answered out of turn');
      return answer.timing;
    },
    async stop() {
      if (child.exitCode !== null) return;
      child.disconnect();
      await once(child, 'exit');
    },
  };
}

async function nextAnswer(child: ChildProcess): Promise<RawAnswer> {
  const waiting = new AbortController();
  const { signal } = waiting;
  const ended = once(child, 'exit', { signal }).then(() => [{ error: 'the raw drivers ended' }]);
  ended.catch(() => undefined);
  try {
    const [answer] = (await Promise.race([once(child, 'message', { signal }), ended])) as [RawAnswer];
    if ('error' in answer) throw new Error(answer.error);
    return answer;
  } finally {
    waiting.abort();
  }
}
