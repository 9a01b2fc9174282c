import { type Document, serialize } from 'bson';
import { describe, expect, test } from 'vitest';
import { rewrite } from './rewrite.ts';
import { elementsAsBytes } from './routing-table.ts';
import { bodyOf } from './shards/command-client.ts';
import { documentsOf, parseRequest } from './wire/request.ts';
import { messageOf, requestIdOf } from './wire/wire.ts';

const command = { find: 'c', filter: { '10': 1, '2': 2 }, limit: 5, lsid: { a: 1 }, $db: 'd' };
const request = parseRequest(messageOf(serialize(command), 77, 0));

describe('rewrite', () => {
  test.each<[string, Parameters<typeof rewrite>[1], Document]>([
    ['nothing to change', {}, command],
    ['adds at the end', { append: elementsAsBytes({ x: 1, y: 's' }) }, { ...command, x: 1, y: 's' }],
    ['drops, wherever it stands', { drop: ['$db', 'filter', 'none'] }, { find: 'c', limit: 5, lsid: { a: 1 } }],
    ['drops neighbours', { drop: ['limit', 'lsid'] }, { find: 'c', filter: command.filter, $db: 'd' }],
    ['renames the command', { rename: 'clusterFind', drop: ['filter', 'limit', 'lsid'] }, { clusterFind: 'c', $db: 'd' }],
    [
      'puts another first',
      { first: elementsAsBytes({ getMore: 9 })[0] as Buffer, drop: ['filter', 'limit', 'lsid'] },
      { getMore: 9, $db: 'd' },
    ],
  ])('%s', (_, edit, expected) => {
    const message = rewrite(request, edit);
    expect(message.subarray(21)).toEqual(Buffer.from(serialize(expected)));
    expect(message.readInt32LE(0)).toBe(message.length);
    expect(requestIdOf(message)).toBe(77);
  });

  test('integer-like names keep the order in which the client sent them', () => {
    const filter = Buffer.concat([Buffer.from('\x10z\0\x01\0\0\0\x1010\0\x01\0\0\0\x102\0\x01\0\0\0', 'latin1')]);
    const body = Buffer.concat([Buffer.from('\x02find\0\x02\0\0\0c\0', 'latin1'), filter]);
    const document = Buffer.concat([Buffer.alloc(4), body, Buffer.alloc(1)]);
    document.writeInt32LE(document.length, 0);
    const message = rewrite(parseRequest(messageOf(document, 1, 0)), { append: elementsAsBytes({ x: 1 }) });
    expect(message.includes(filter)).toBe(true);
  });

  test('replaces documents in the body by a sequence of some of them', () => {
    const insert = { insert: 'c', documents: [{ _id: 1 }, { _id: 2 }, { _id: 3 }], ordered: false, $db: 'd' };
    const whole = parseRequest(messageOf(serialize(insert), 1, 0));
    const documents = documentsOf(whole, 'documents').slice(1);
    const part = parseRequest(rewrite(whole, { drop: ['documents'], sequence: { name: 'documents', documents } }));
    expect(bodyOf(part.message)).toEqual({ insert: 'c', ordered: false, $db: 'd' });
    expect(documentsOf(part, 'documents')).toEqual(documents);
    const again = parseRequest(rewrite(part, { append: elementsAsBytes({ x: 1 }) }));
    expect(documentsOf(again, 'documents')).toEqual(documents);
  });
});
