/** One engine for all projects of a run: started by the first that asks, stopped when the last has let go. */

export interface RunningEngine {
  readonly url: string;
  stop(): Promise<void>;
}

interface Share {
  readonly engine: Promise<RunningEngine>;
  users: number;
}

// Vitest loads this module once per project, so the shares hang on the process.
const sharesKey = Symbol.for('meridian.test.engines');

/** The engine `name`, started by `start` if it isn't running yet. Call `release` once when done. */
export async function shareEngine(
  name: string,
  start: () => Promise<RunningEngine>,
): Promise<{ readonly url: string; release(): Promise<void> }> {
  const shares = sharesOfProcess();
  const share = shares.get(name) ?? { engine: start(), users: 0 };
  shares.set(name, share);
  share.users += 1;
  const engine = await share.engine;
  return {
    url: engine.url,
    release: async () => {
      share.users -= 1;
      if (share.users > 0) return;
      shares.delete(name);
      await engine.stop();
    },
  };
}

function sharesOfProcess(): Map<string, Share> {
  const holder = globalThis as { [sharesKey]?: Map<string, Share> };
  holder[sharesKey] ??= new Map();
  return holder[sharesKey];
}
