/** TLS at the socket: the certificate from files, read again when they change, so that renewing one needs no restart. */
import { readFileSync, statSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions, type Server } from 'node:tls';

export interface TlsFiles {
  /** PEM: the certificate and what leads to its root. */
  readonly certFile: string;
  /** PEM, without a passphrase. */
  readonly keyFile: string;
}

/** 1.2 is the least that SMART App Launch allows. @see https://hl7.org/fhir/smart-app-launch/STU2.2/best-practices.html */
const OLDEST = 'TLSv1.2';
const LOOK_EVERY_MS = 10_000;

/** @throws Error in one line when a file can't be read */
export function readTls({ certFile, keyFile }: TlsFiles): SecureContextOptions {
  return { cert: readPem(certFile), key: readPem(keyFile), minVersion: OLDEST };
}

/** Finds out before anything is started that a server with these files could not be. @throws Error in one line */
export function checkTls(files: TlsFiles): void {
  const read = readTls(files);
  try {
    createSecureContext(read);
  } catch (cause) {
    throw new Error(`the TLS files ${files.certFile} and ${files.keyFile} can't be used together (${(cause as Error).message})`, { cause });
  }
}

function readPem(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new Error(`the TLS file ${file} can't be read (${(cause as NodeJS.ErrnoException).code})`, { cause });
  }
}

interface TlsRenewalOptions {
  readonly everyMs?: number;
  /** Told when new files can't be used; the old certificate goes on. */
  readonly onProblem: (error: unknown) => void;
}

/** Gives new connections the new certificate once the files have changed. Call the result to stop. */
export function renewTls(server: Server, files: TlsFiles, { everyMs = LOOK_EVERY_MS, onProblem }: TlsRenewalOptions): () => void {
  let known = stampOf(files);
  const timer = setInterval(() => {
    const stamp = stampOf(files);
    if (stamp === known) return;
    try {
      server.setSecureContext(readTls(files));
      known = stamp;
    } catch (error) {
      // Key and certificate are seldom written at one instant: the next look may find both.
      onProblem(error);
    }
  }, everyMs).unref();
  return () => clearInterval(timer);
}

function stampOf(files: TlsFiles): string {
  return [files.certFile, files.keyFile].map((file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0).join(' ');
}
