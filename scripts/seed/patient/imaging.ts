/** A medical image: Media with the picture in it. */
import { crc32, deflateSync } from 'node:zlib';
import type { Encounter, Media } from '@medplum/fhirtypes';
import { concept, hl7, identifier, plain, SNOMED, type Term } from '../coding.ts';
import type { Doctor } from '../directory.ts';
import type { Named } from '../draft.ts';
import { practitionerReference, type Scene } from '../scene.ts';
import { dateTime, instant } from '../times.ts';

const SIDE = 24;

export function addImage(
  scene: Scene,
  image: { readonly at: number; readonly encounter: Named<Encounter>; readonly doctor: Doctor; readonly term: Term },
): void {
  const png = greyPng(SIDE, (x, y) => Math.round(200 - 6 * Math.hypot(x - SIDE / 2, y - SIDE / 2) + scene.random.number.int(20)));
  scene.draft.add<Media>({
    resourceType: 'Media',
    identifier: [identifier('image', `${scene.key}-${scene.nextNumber()}`)],
    status: 'completed',
    type: plain(hl7('media-type'), 'image'),
    modality: concept(SNOMED, image.term),
    subject: scene.patient,
    encounter: image.encounter,
    createdDateTime: dateTime(image.at),
    issued: instant(image.at),
    operator: practitionerReference(image.doctor),
    height: SIDE,
    width: SIDE,
    frames: 1,
    content: { contentType: 'image/png', data: png.toString('base64'), title: image.term.display, size: png.length },
  });
}

/** A square 8-bit greyscale PNG, stored uncompressed: the same bytes with every zlib. @see https://www.w3.org/TR/png/ */
function greyPng(side: number, level: (x: number, y: number) => number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header.writeUInt8(8, 8);
  const rows = Buffer.alloc(side * (side + 1));
  for (let y = 0; y < side; y++) for (let x = 0; x < side; x++) rows[y * (side + 1) + x + 1] = Math.max(0, Math.min(255, level(x, y)));
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', deflateSync(rows, { level: 0 })), chunk('IEND', Buffer.alloc(0))]);
}

function chunk(type: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const frame = Buffer.alloc(body.length + 8);
  frame.writeUInt32BE(content.length, 0);
  body.copy(frame, 4);
  frame.writeUInt32BE(crc32(body), body.length + 4);
  return frame;
}
