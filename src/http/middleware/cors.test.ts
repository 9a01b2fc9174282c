import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { createCors } from './cors.ts';

const cors = createCors({ origins: ['https://app.example/', 'http://localhost:3000'], isPublic: (path) => path === '/metadata' });

function ask(origin: string | undefined, { method = 'GET', url = '/Patient', preflight = false } = {}) {
  const headers: Record<string, string> = {};
  let status = 0;
  const outgoing = {
    setHeader: (name: string, value: string) => {
      headers[name] = value;
    },
    writeHead: (code: number) => {
      status = code;
      return { end: () => undefined };
    },
  };
  const incoming = { method, url, headers: { origin, ...(preflight && { 'access-control-request-method': 'PUT' }) } };
  const isAnswered = cors(incoming as unknown as IncomingMessage, outgoing as unknown as ServerResponse);
  return { isAnswered, status, headers };
}

const ALLOWED = 'Access-Control-Allow-Origin';

describe('cross-origin requests (https://fetch.spec.whatwg.org/#http-cors-protocol)', () => {
  test.each([
    ['https://app.example', '/Patient', 'https://app.example'],
    ['http://localhost:3000', '/Patient?name=x', 'http://localhost:3000'],
    ['https://app.example.evil.org', '/Patient', undefined],
    ['https://evil.org#https://app.example', '/Patient', undefined],
    ['http://app.example', '/Patient', undefined],
    ['null', '/Patient', undefined],
    ['https://evil.org', '/metadata?_format=json', '*'],
    ['https://evil.org', '/metadata/', undefined],
    ['https://evil.org', '/Patient?x=/metadata', undefined],
  ])('from %s to %s: %s', (origin, url, allowed) => {
    const { headers, isAnswered } = ask(origin, { url });
    expect([headers[ALLOWED], isAnswered]).toEqual([allowed, false]);
    expect(headers['Access-Control-Allow-Credentials']).toBeUndefined();
  });

  test('a preflight of a listed origin is answered with what is allowed', () => {
    const { isAnswered, status, headers } = ask('https://app.example', { method: 'OPTIONS', preflight: true });
    expect([isAnswered, status]).toEqual([true, 204]);
    expect(headers['Access-Control-Allow-Methods']).toContain('PATCH');
    expect(headers['Access-Control-Allow-Headers']).toMatch(/Authorization.*If-Match/);
  });

  test('one of another origin is answered without permission', () => {
    const { isAnswered, headers } = ask('https://evil.org', { method: 'OPTIONS', preflight: true });
    expect([isAnswered, headers]).toEqual([true, {}]);
  });

  test('same-origin requests cost nothing and get nothing', () => {
    expect(ask(undefined)).toEqual({ isAnswered: false, status: 0, headers: {} });
  });
});
