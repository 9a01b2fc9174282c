/** HTTPS by files. */

import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, get } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkTls, readTls, renewTls } from '../../src/http/tls.ts';
import { createAuthority } from '../support/certificates.ts';
import { type ServedGateway, serveMemoryGateway } from '../support/memory-gateway.ts';

const authority = createAuthority();
const ca = readFileSync(authority.caFile);
let gateway: ServedGateway;

beforeAll(async () => {
  gateway = await serveMemoryGateway({ isSecure: true, serve: { tls: authority.issue('gateway') } });
});
afterAll(async () => {
  await gateway.close();
  authority.remove();
});

/** The version of TLS that both ends agree on. */
function handshake(port: number, options: ConnectionOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', ca, ...options }, () => resolve(socket));
    socket.once('error', reject);
  });
}

const port = () => Number(new URL(gateway.baseUrl).port);

describe('a gateway with a certificate (https://hl7.org/fhir/R4/security.html#http)', () => {
  test('answers over HTTPS, names itself so, and tells browsers to stay with it', async () => {
    const [response] = await once(get(`${gateway.baseUrl}/metadata`, { ca }), 'response');
    expect(response.statusCode).toBe(200);
    expect(response.headers['strict-transport-security']).toMatch(/^max-age=31536000/);
    expect(JSON.parse((await response.toArray()).join('')).implementation.url).toBe(gateway.baseUrl);
  });

  test('speaks TLS 1.2 and 1.3, nothing older, and not to those who mistrust it', async () => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const socket = await handshake(port(), { minVersion: version, maxVersion: version });
      expect(socket.getProtocol()).toBe(version);
      socket.destroy();
    }
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    await expect(handshake(port(), old)).rejects.toThrow();
    await expect(handshake(port(), { ca: [] })).rejects.toThrow(/certificate/);
  });

  test('does not answer plain HTTP', async () => {
    await expect(fetch(`http://127.0.0.1:${port()}/fhir/R4/metadata`)).rejects.toThrow();
  });
});

test('a renewed certificate is used for new connections; one that is no good is not', async () => {
  const files = authority.issue('renewed');
  const server = createServer(readTls(files)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const serial = async () => {
    const socket = await handshake((server.address() as AddressInfo).port, {});
    const { serialNumber } = socket.getPeerCertificate();
    socket.destroy();
    return serialNumber;
  };
  const problems: unknown[] = [];
  const stop = renewTls(server, files, { everyMs: 20, onProblem: (error) => problems.push(error) });
  const before = await serial();
  authority.issue('renewed');
  await expect.poll(serial).not.toBe(before);
  const after = await serial();
  writeFileSync(files.certFile, 'no certificate');
  await expect.poll(() => problems.length).toBeGreaterThan(0);
  await sleep(50);
  expect(await serial()).toBe(after);
  stop();
  server.close();
});

test('files that do not fit each other are told in one line', () => {
  const [one, other] = [authority.issue('one'), authority.issue('other')];
  expect(() => checkTls(one)).not.toThrow();
  expect(() => checkTls({ ...one, keyFile: other.keyFile })).toThrow(/one\S* and \S*other\S* can't be used together \(.*mismatch/);
});

test('a file that is not there is told in one line', () => {
  expect(() => readTls({ certFile: '/nowhere/a.pem', keyFile: '/nowhere/a.key' })).toThrow(
    "the TLS file /nowhere/a.pem can't be read (ENOENT)",
  );
});
