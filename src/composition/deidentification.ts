/** The key of pseudonyms. */
import { createHmac } from 'node:crypto';
import type { Config } from '../config/options.ts';
import { sharedSecret } from '../store/mongo/gateways/shared-secret.ts';
import type { Stores } from './stores.ts';

/** The configured one, or one that all gateways of the database derive alike. */
export async function deidentificationKey({ deidentificationKey: text }: Config, clinical: Stores['clinical']): Promise<Uint8Array> {
  if (text !== undefined) return Buffer.from(text);
  return createHmac('sha256', await sharedSecret(clinical.collections))
    .update('de-identification')
    .digest();
}
