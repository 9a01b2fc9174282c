/** The id under which a request is logged and stored (`by.request`): the caller's if it is harmless, else a new one. */
import { randomUUID } from 'node:crypto';

const HARMLESS = /^[\w.:-]{1,64}$/;

export function requestId(header: string | readonly string[] | undefined): string {
  return typeof header === 'string' && HARMLESS.test(header) ? header : randomUUID();
}
