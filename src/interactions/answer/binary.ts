/** The content of a Binary as bytes of its own type. @see https://hl7.org/fhir/R4/binary.html#rest */
import type { ResourceVersion } from '../../model/resource.ts';
import type { ResponseBody } from '../request.ts';

/** A content type that can't carry a line break or a second header. */
const MEDIA_TYPE = /^[\w.+-]+\/[\w.+-]+(?:\s*;\s*[\w.+-]+=(?:[\w.+-]+|"[^"\r\n]*"))*$/;

export function binaryContent(version: ResourceVersion): ResponseBody {
  const { contentType, data } = JSON.parse(version.raw) as { contentType?: string; data?: string };
  return {
    kind: 'raw',
    bytes: Buffer.from(data ?? '', 'base64'),
    contentType: contentType !== undefined && MEDIA_TYPE.test(contentType) ? contentType : 'application/octet-stream',
  };
}
