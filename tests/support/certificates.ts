/** A certificate authority for one test, and certificates of it, by OpenSSL. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Authority {
  /** PEM of the authority. */
  readonly caFile: string;
  /** Makes a certificate for 127.0.0.1 and localhost; a name given again replaces its files. */
  issue(name: string): { readonly certFile: string; readonly keyFile: string };
  remove(): void;
}

export function createAuthority(): Authority {
  const folder = mkdtempSync(join(tmpdir(), 'meridian-test-tls-'));
  // A server that runs as another user reads them too.
  chmodSync(folder, 0o755);
  const at = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc'];
  openssl('req', '-x509', ...newKey, '-keyout', at('ca.key'), '-out', at('ca.pem'), '-days', '2', '-subj', '/CN=Test authority');
  writeFileSync(at('names'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
  return {
    caFile: at('ca.pem'),
    issue: (name) => {
      const [certFile, keyFile, request] = [at(`${name}.pem`), at(`${name}.key`), at(`${name}.csr`)];
      openssl('req', ...newKey, '-keyout', keyFile, '-out', request, '-subj', `/CN=${name}`);
      const signed = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial', '-extfile', at('names'), '-days', '2'];
      openssl('x509', '-req', '-in', request, '-out', certFile, ...signed);
      return { certFile, keyFile };
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Key and certificate in one file, as MongoDB wants them. */
export function inOneFile({ certFile, keyFile }: { readonly certFile: string; readonly keyFile: string }): string {
  const file = certFile.replace(/\.pem$/, '-and-key.pem');
  writeFileSync(file, readFileSync(certFile, 'utf8') + readFileSync(keyFile, 'utf8'));
  return file;
}
