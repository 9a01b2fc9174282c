/** Entries of token parameters. @see https://hl7.org/fhir/R4/search.html#token */

import {
  anyCodePrefix,
  codeEntry,
  foldText,
  hasSystem,
  ofTypeKey,
  textKey,
  tokenEntry,
  tokenText,
  typedValue,
  valueEntry,
} from '../entry-text.ts';
import type { EntrySink } from './entry-sink.ts';
import type { Extract, ExtractTarget } from './extract.ts';

interface Coded {
  readonly system?: unknown;
  readonly code?: unknown;
  readonly value?: unknown;
  readonly coding?: unknown;
  readonly display?: unknown;
  readonly text?: unknown;
  readonly type?: Coded;
}

const isText = (value: unknown): value is string => typeof value === 'string';

/** Puts one code and its system; `code` is in its compared form. */
function put(target: ExtractTarget, system: unknown, code: string, sink: EntrySink): void {
  sink.s.push(tokenEntry(target.key, isText(system) ? system : '', code), codeEntry(target.key, code));
}

/** For `:text`. Words without a code have an empty one, which the words then narrow. */
function putText(target: ExtractTarget, text: unknown, sink: EntrySink, hasCode = true): void {
  if (!isText(text)) return;
  sink.s.push(valueEntry(textKey(target.key), foldText(text)));
  if (!hasCode) sink.s.push(anyCodePrefix(target.key));
}

function coding(target: ExtractTarget): Extract {
  return (value, sink) => {
    const { system, code, display } = value as Coded;
    putText(target, display, sink, isText(code));
    if (!isText(code)) return;
    const text = tokenText('Coding', code);
    put(target, system, text, sink);
    sink.sortBy(target.code, text);
  };
}

function codeableConcept(target: ExtractTarget): Extract {
  const each = coding(target);
  return (value, sink) => {
    const { coding: codings, text } = value as Coded;
    putText(target, text, sink, Array.isArray(codings));
    if (Array.isArray(codings)) for (const item of codings) if (item) each(item, sink);
  };
}

function identifier(target: ExtractTarget): Extract {
  return (value, sink) => {
    const { system, value: plain, type } = value as Coded;
    putText(target, type?.text, sink, isText(plain));
    if (!isText(plain)) return;
    const text = target.identifierText(plain);
    put(target, system, text, sink);
    const types = Array.isArray(type?.coding) ? (type.coding as Coded[]) : [];
    for (const each of types)
      if (isText(each?.system) && isText(each.code))
        sink.s.push(tokenEntry(ofTypeKey(target.key), each.system, typedValue(each.code, text)));
  };
}

function contactPoint(target: ExtractTarget): Extract {
  return (value, sink) => {
    const text = (value as Coded).value;
    if (isText(text)) sink.s.push(codeEntry(target.key, tokenText('ContactPoint', text)));
  };
}

function plain(target: ExtractTarget, elementType: string, isMixed: boolean): Extract {
  return (value, sink) => {
    if (typeof value === 'object') return;
    const text = tokenText(elementType, String(value));
    sink.s.push(codeEntry(target.key, text));
    if (isMixed) sink.s.push(tokenEntry(target.key, '', text));
    sink.sortBy(target.code, text);
  };
}

/** How to put values of this type, or undefined if tokens don't come from it. */
export function tokenExtractor(target: ExtractTarget, elementType: string): Extract | undefined {
  switch (elementType) {
    case 'CodeableConcept':
      return codeableConcept(target);
    case 'Coding':
      return coding(target);
    case 'Identifier':
      return identifier(target);
    case 'ContactPoint':
      return contactPoint(target);
    default:
      return plain(target, elementType, target.elementTypes.some(hasSystem));
  }
}
