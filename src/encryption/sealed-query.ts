/** The queries of audit events, sealed as a whole: any parameter may name an identifier. */
import { FhirError } from '../model/error.ts';
import type { FieldEncryption } from './field-encryption.ts';
import { isSealed, keyIdOf } from './sealed-text.ts';

type Asked = { readonly request: string };

const placeOf = ({ request }: Asked) => `query of ${request}`;

/** Seals the query of a request, before it is written to the disk. */
export const sealQueryBy =
  ({ sealWhole }: Pick<FieldEncryption, 'sealWhole'>) =>
  (query: string, asked: Asked): string =>
    sealWhole(placeOf(asked), query);

/** Opens it for who may read the audit. One that does not open says why: the event is evidence all the same. */
export const openQueryBy =
  ({ openWhole }: Pick<FieldEncryption, 'openWhole'>) =>
  (query: string, asked: Asked): string => {
    if (!isSealed(query)) return query;
    try {
      return openWhole(placeOf(asked), query);
    } catch (error) {
      if (!(error instanceof FhirError)) throw error;
      return `(encrypted with the key "${keyIdOf(query)}" and not readable: ${error.status === 503 ? 'it is not there' : 'it was altered'})`;
    }
  };
