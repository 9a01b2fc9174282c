/** A file of its own: a Binary that only those see who may see the patient, and the attachment that points to it. */
import type { Binary, DocumentReferenceContent } from '@medplum/fhirtypes';
import type { Scene } from '../scene.ts';

/** Adds the lines as a small PDF; gives the content element of a DocumentReference. */
export function addAttachedFile(scene: Scene, lines: readonly string[]): DocumentReferenceContent {
  const pdf = pdfOf(lines);
  const binary = scene.draft.add<Binary>({
    resourceType: 'Binary',
    contentType: 'application/pdf',
    securityContext: scene.patient,
    data: pdf.toString('base64'),
  });
  return { attachment: { contentType: 'application/pdf', url: binary.reference ?? '', size: pdf.length, title: 'Signed copy' } };
}

/** One page of text. @see ISO 32000-1 section 7.5 (file structure) */
function pdfOf(lines: readonly string[]): Buffer {
  const text = lines.map((line) => `(${line.replace(/[^ -~]/g, '?').replace(/[\\()]/g, '\\$&')}) Tj T*`).join('\n');
  const content = `BT /F1 10 Tf 14 TL 50 790 Td\n${text}\nET`;
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>',
    `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
  ];
  let file = '%PDF-1.4\n';
  const offsets = objects.map((object, n) => {
    const offset = file.length;
    file += `${n + 1} 0 obj\n${object}\nendobj\n`;
    return offset;
  });
  const table = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
  const size = objects.length + 1;
  return Buffer.from(
    `${file}xref\n0 ${size}\n0000000000 65535 f \n${table}trailer\n<< /Size ${size} /Root 1 0 R >>\nstartxref\n${file.length}\n%%EOF\n`,
    'latin1',
  );
}
