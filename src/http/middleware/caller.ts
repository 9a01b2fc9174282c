import type { IncomingMessage } from 'node:http';

/** The IP address of the caller, or what the proxy says it is if that is believed; '' when the connection is gone. */
export function callerOf(incoming: IncomingMessage, { trustForwarded }: { readonly trustForwarded: boolean }): string {
  const forwarded = trustForwarded ? incoming.headers['x-forwarded-for'] : undefined;
  if (typeof forwarded === 'string') return ADDRESS.exec(forwarded)?.[0] ?? '';
  const address = incoming.socket.remoteAddress ?? '';
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}

/** The first of a list. */
const ADDRESS = /^[0-9A-Fa-f.:]{2,45}/;
