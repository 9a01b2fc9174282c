/** Thrown out of a start that was asked to stop. */
export class StartInterrupted extends Error {}

/** What a process has started, to be stopped in reverse order. */
export interface StartedParts {
  /**
   * Starts one part and remembers how to stop it.
   * @throws StartInterrupted once `interrupt` was called; the part is then remembered all the same
   */
  start<T>(name: string, begin: () => Promise<T> | T, stop: (part: T) => unknown): Promise<T>;
  /** Lets no further part start. */
  interrupt(): void;
  /** Stops the parts, last first. A part that fails to stop is told to `onFailure` and does not keep the others running. */
  stop(onFailure: (name: string, error: unknown) => void): Promise<void>;
}

export function createStartedParts(): StartedParts {
  const parts: { readonly name: string; readonly stop: () => unknown }[] = [];
  let interrupted = false;
  return {
    start: async (name, begin, stop) => {
      if (interrupted) throw new StartInterrupted();
      const part = await begin();
      parts.push({ name, stop: () => stop(part) });
      if (interrupted) throw new StartInterrupted();
      return part;
    },
    interrupt: () => {
      interrupted = true;
    },
    stop: async (onFailure) => {
      interrupted = true;
      for (let part = parts.pop(); part; part = parts.pop()) {
        try {
          await part.stop();
        } catch (error) {
          onFailure(part.name, error);
        }
      }
    },
  };
}
