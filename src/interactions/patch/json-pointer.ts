/** @see RFC 6901 */
import { invalidValue } from '../../model/error.ts';

/** The steps of a JSON Pointer, unescaped. [] is the whole document. */
export type JsonPointer = readonly string[];

/** @throws FhirError 400 naming `place` if the text is no JSON Pointer */
export function parsePointer(text: string, place: string): JsonPointer {
  if (text === '') return [];
  if (!text.startsWith('/') || /~(?![01])/.test(text)) throw invalidValue(`"${text.slice(0, 100)}" is not a JSON Pointer`, place);
  const steps = text.slice(1).split('/');
  return steps.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

export function pointerText(pointer: JsonPointer): string {
  return pointer.map((step) => `/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('') || 'the whole resource';
}
