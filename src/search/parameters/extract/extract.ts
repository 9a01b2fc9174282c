/** From the values of a parameter to its index entries, by parameter type. */
import type { SearchParamType } from '../../../definitions/definitions.ts';
import { unreachable } from '../../../model/unreachable.ts';
import type { UnitLookup } from '../units.ts';
import { dateExtractor } from './date.ts';
import type { EntrySink } from './entry-sink.ts';
import { numberExtractor, quantityExtractor } from './quantity.ts';
import { referenceExtractor } from './reference.ts';
import { positionExtractor } from './special.ts';
import { stringExtractor } from './string.ts';
import { tokenExtractor } from './token.ts';
import { uriExtractor } from './uri.ts';

/** The parameter that entries are made for. */
export interface ExtractTarget {
  /** `<Type>.<code>`. */
  readonly key: string;
  readonly code: string;
  /** All types that its values may have. */
  readonly elementTypes: readonly string[];
  /** References below this URL are local. No slash at its end. */
  readonly baseUrl: string;
  readonly unit: UnitLookup;
  /** The value of an Identifier as the index has it. */
  readonly identifierText: (value: string) => string;
}

/** Puts the entries of one value. */
export type Extract = (value: unknown, sink: EntrySink) => void;

/** The extractor of values of `elementType`, or undefined if the parameter takes nothing from such (an Age is no date). */
export function extractorFor(parameterType: SearchParamType, target: ExtractTarget, elementType: string): Extract | undefined {
  switch (parameterType) {
    case 'token':
      return tokenExtractor(target, elementType);
    case 'string':
      return stringExtractor(target, elementType);
    case 'reference':
      return referenceExtractor(target, elementType);
    case 'date':
      return dateExtractor(target, elementType);
    case 'number':
      return numberExtractor(target, elementType);
    case 'quantity':
      return quantityExtractor(target, elementType);
    case 'uri':
      return uriExtractor(target, elementType);
    case 'special':
      return positionExtractor(target);
    case 'composite':
      return undefined;
    default:
      return unreachable(parameterType);
  }
}
