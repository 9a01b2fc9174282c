/** npm and the terminal both deliver one Ctrl-C: two signals closer than this are one. */
const SAME_SIGNAL_MS = 500;
const PARENT_CHECK_MS = 500;

/**
 * Calls `stop` at the first SIGINT, SIGTERM or SIGHUP, or when the bootstrap script that started us is gone. A second
 * signal ends the process there and then; the engines' guardians see that and end the engines.
 */
export function onStopSignal(stop: (signal: string) => void): void {
  let firstAt: number | undefined;
  const handle = (signal: string) => {
    if (firstAt === undefined) {
      firstAt = performance.now();
      stop(signal);
    } else if (performance.now() - firstAt > SAME_SIGNAL_MS) {
      process.exit(130);
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, handle);
  whenParentIsGone(() => handle('SIGTERM'));
}

/** The bootstrap script passes signals on; killed outright it can't, but then our parent changes. */
function whenParentIsGone(stop: () => void): void {
  if (process.env.MERIDIAN_PARENT_PID !== String(process.ppid)) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    stop();
  }, PARENT_CHECK_MS);
  timer.unref();
}
