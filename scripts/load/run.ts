/** Runs a load: stages one after the other, inside a stage several Bundles at once. */
import type { LoadItem, Unloadable } from './item.ts';
import type { Progress } from './progress.ts';
import type { Sent } from './send.ts';
import type { LoadState } from './state.ts';
import type { Tally } from './tally.ts';

interface LoadRun {
  /** Each is finished before the next begins. */
  readonly stages: readonly AsyncIterable<LoadItem | Unloadable>[];
  readonly concurrency: number;
  readonly send: (item: LoadItem) => Promise<Sent>;
  readonly tally: Tally;
  readonly progress: Progress;
  /** Without one everything is sent. */
  readonly state?: LoadState;
}

/** Holds at most `concurrency` Bundles in memory. @throws what `send` throws, after the Bundles under way have ended */
export async function runLoad(run: LoadRun): Promise<void> {
  let done = 0;
  for (const stage of run.stages) {
    const items = stage[Symbol.asyncIterator]();
    const worker = async () => {
      for (let next = await items.next(); !next.done; next = await items.next()) {
        await loadOne(run, next.value);
        done += next.value.bytes;
        run.progress.update(done, run.tally.loaded());
      }
    };
    await allEnded(Array.from({ length: run.concurrency }, worker), () => items.return?.());
  }
}

async function loadOne({ send, tally, state }: LoadRun, item: LoadItem | Unloadable): Promise<void> {
  if ('reason' in item) return tally.refuse({ name: item.name, status: 0, reason: item.reason, entries: 1 });
  if (state?.has(item)) return tally.skip(item.entries);
  const sent = await send(item);
  tally.add(sent);
  if (sent.refused.length === 0) await state?.add(item, sent.location);
}

async function allEnded(workers: readonly Promise<void>[], stop: () => unknown): Promise<void> {
  for (const worker of workers) worker.catch(stop);
  const results = await Promise.allSettled(workers);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}
