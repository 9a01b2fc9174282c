/** Requests that no HTTP client would make, byte by byte. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ServedGateway, serveMemoryGateway } from '../support/memory-gateway.ts';

let gateway: ServedGateway;
let bearer: string;

beforeAll(async () => {
  gateway = await serveMemoryGateway();
  bearer = `Authorization: Bearer ${await gateway.token('system/*.cruds')}`;
});
afterAll(() => gateway?.close());

/** The whole answer to these lines; `{}` stands for the headers of an ordinary request but `Host`. */
async function answerTo(lines: readonly string[], body = ''): Promise<string> {
  const socket = connect(Number(new URL(gateway.baseUrl).port), '127.0.0.1');
  await once(socket, 'connect');
  const head = lines.flatMap((line) => (line === '{}' ? [bearer, 'Content-Type: application/fhir+json', 'Connection: close'] : [line]));
  socket.write(Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`, 'latin1'));
  return text(socket);
}

const PATIENT = '{"resourceType":"Patient"}';
const LENGTH = `Content-Length: ${PATIENT.length}`;

describe('what is no request of HTTP is 4xx with an OperationOutcome (https://www.rfc-editor.org/rfc/rfc9112)', () => {
  test.each<[string, number, readonly string[], string?]>([
    ['no Host', 400, ['GET /fhir/R4/Patient HTTP/1.1', '{}']],
    ['a target that is no path', 400, ['OPTIONS * HTTP/1.1', 'Host: x', '{}']],
    ['a backslash in the target', 400, ['GET /fhir/R4\\Patient HTTP/1.1', 'Host: x', '{}']],
    ['a letter beyond ASCII in the target', 400, ['GET /fhir/R4/Patient?name=\xe4 HTTP/1.1', 'Host: x', '{}']],
    ['a control character in a header', 400, ['GET /fhir/R4/Patient HTTP/1.1', 'Host: x', 'X-Request-Id: a\0b', '{}']],
    ['a method in small letters', 400, ['get /fhir/R4/Patient HTTP/1.1', 'Host: x', '{}']],
    ['another version', 400, ['GET /fhir/R4/Patient HTTP/9.9', 'Host: x', '{}']],
    ['a length and chunks', 400, ['POST /fhir/R4/Patient HTTP/1.1', 'Host: x', '{}', LENGTH, 'Transfer-Encoding: chunked'], PATIENT],
    ['two lengths', 400, ['POST /fhir/R4/Patient HTTP/1.1', 'Host: x', '{}', LENGTH, 'Content-Length: 5'], PATIENT],
    ['a chunk without a length', 400, ['POST /fhir/R4/Patient HTTP/1.1', 'Host: x', '{}', 'Transfer-Encoding: chunked'], 'ZZ\r\n{}\r\n'],
    ['an expectation', 417, ['POST /fhir/R4/Patient HTTP/1.1', 'Host: x', '{}', LENGTH, 'Expect: 200-maybe'], PATIENT],
  ])('%s', async (_, status, lines, body) => {
    const answer = await answerTo(lines, body);
    expect(answer).toContain(`HTTP/1.1 ${status} `);
    expect(answer).toContain('"resourceType":"OperationOutcome"');
  });
});

test('If-None-Exist in two headers are criteria that both hold, not alternatives', async () => {
  const post = ['POST /fhir/R4/Patient HTTP/1.1', 'Host: x', '{}', LENGTH];
  expect(await answerTo([...post, 'If-None-Exist: name=a', 'If-None-Exist: nonsense=1'], PATIENT)).toContain('HTTP/1.1 400 ');
  expect(await answerTo([...post, 'If-None-Exist: name=a', 'If-None-Exist: birthdate=2000'], PATIENT)).toContain('HTTP/1.1 201 ');
});

test('no request failed for an unknown reason', () => {
  expect(gateway.failures).toEqual([]);
});
