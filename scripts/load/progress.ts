/** Shows how far a load is: a bar on a terminal, a line now and then elsewhere. */

export interface Progress {
  update(done: number, resources: number): void;
  /** Ends the bar, so that the next output begins on its own line. */
  end(): void;
}

const WIDTH = 30;
const BAR_EVERY_MS = 100;
const LINE_EVERY_MS = 5_000;

interface Output {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** `total` is in the unit of `update`'s `done` (bytes, patients). */
export function createProgress(total: number, output: Output, now: () => number = Date.now): Progress {
  const start = now();
  let last = output.isTTY ? 0 : start;
  const draw = (done: number, resources: number) => {
    const share = total > 0 ? Math.min(1, done / total) : 1;
    const rate = Math.round(resources / Math.max(0.001, (now() - start) / 1000));
    const text = `${String(Math.floor(share * 100)).padStart(3)} %  ${resources} resources  ${rate}/s`;
    if (!output.isTTY) return output.write(`${text}\n`);
    const full = Math.round(share * WIDTH);
    return output.write(`\r[${'='.repeat(full)}${' '.repeat(WIDTH - full)}] ${text}\x1b[K`);
  };
  return {
    update(done, resources) {
      if (now() - last < (output.isTTY ? BAR_EVERY_MS : LINE_EVERY_MS)) return;
      last = now();
      draw(done, resources);
    },
    end() {
      if (output.isTTY) output.write('\r\x1b[K');
    },
  };
}
