/** A FHIR server that already runs, in place of the gateway that the benchmark starts: the same phases, the same checks. */
import { existsSync } from 'node:fs';

/** What the phases are sent to. */
export interface Subject {
  /** The service base, without a slash at its end. */
  readonly url: string;
  /** Sent with every request. */
  readonly headers: Readonly<Record<string, string>>;
  /** Whose CPU counts, with all their descendants; the server's is the first. */
  readonly pids: readonly number[];
}

export interface AgainstOptions {
  readonly url: string;
  readonly processes: readonly number[];
  /** Each as `name: value`. */
  readonly headers: readonly string[];
}

/** @throws Error in one line if there is no such process, a header has no colon, or the server does not answer `metadata` */
export async function attach({ url, processes, headers }: AgainstOptions): Promise<Subject> {
  const subject = { url: url.replace(/\/+$/, ''), headers: Object.fromEntries(headers.map(readHeader)), pids: processes };
  const missing = processes.filter((pid) => !existsSync(`/proc/${pid}`));
  if (missing.length > 0) throw new Error(`--processes: there is no process ${missing.join(', ')}`);
  const answer = await fetch(`${subject.url}/metadata`, { headers: subject.headers }).catch(() => undefined);
  await answer?.body?.cancel();
  if (!answer?.ok) throw new Error(`--against: ${subject.url}/metadata answers ${answer?.status ?? 'nothing'}`);
  return subject;
}

function readHeader(text: string): readonly [name: string, value: string] {
  const [, name, value] = /^([\w-]+):\s*(.*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new Error(`--header must be "name: value", not "${text}"`);
  return [name.toLowerCase(), value];
}
