import { createServer } from 'node:net';

/**
 * Asked before anything slow starts, so that the commonest mistake is told at once.
 * @throws Error in one line when nothing can listen there
 */
export function assertPortFree(host: string, port: number): Promise<void> {
  return new Promise((free, taken) => {
    const probe = createServer();
    probe.once('error', (cause: NodeJS.ErrnoException) => taken(new Error(reason(cause.code, host, port), { cause })));
    probe.listen(port, host, () => probe.close(() => free()));
  });
}

function reason(code: string | undefined, host: string, port: number): string {
  if (code === 'EADDRINUSE') return `Port ${port} is in use: stop what listens there, or choose another with --port.`;
  return `Can't listen on ${host}:${port} (${code}): choose others with --host and --port.`;
}
